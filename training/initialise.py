"""The weights that training begins with: a click has to be heard as loudly as the picture."""

from __future__ import annotations

import torch
from torch import nn

from sam2_model.model import SAM2
from sam2_model.prompt_encoder import PromptEncoder, draw_clicks

CLICK_LOUDNESS = 2.0  # change of the dense map at a click, when training begins; features have a deviation of about 1


def initialise(model: nn.Module) -> None:
    """Xavier's initialisation for everything that multiplies; the library's own learns several times slower."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for name, parameter in model.named_parameters():
        if "pos_embed" in name:
            nn.init.trunc_normal_(parameter, std=0.02)
        elif name.endswith("gamma"):
            nn.init.constant_(parameter, 0.1)
    if isinstance(model, SAM2):
        _make_clicks_heard(model.prompt_encoder)


@torch.no_grad()
def _make_clicks_heard(encoder: PromptEncoder) -> None:
    """Let a drawn click change the dense map as much as the picture's content changes the features.

    The normalisations after the first two convolutions leave little of a heat map but its sign: untouched, a
    click's trace is twelve times weaker than the picture's own variation, and the network learns to segment
    whatever stands out, wherever one clicks. Biases as large as the logits keep their size visible, and the
    last convolution makes up for the rest.
    """
    first, second, last = (layer for layer in encoder.mask_downscaling if isinstance(layer, nn.Conv2d))
    for layer, reach in ((first, 4.0), (second, 1.0)):
        if layer.bias is not None:
            nn.init.uniform_(layer.bias, -reach, reach)
    grid = (8, 8)
    click = draw_clicks(torch.tensor([[[64.0, 64.0]]]), torch.tensor([[1]]), grid)
    blank = torch.full_like(click, float(click.min()))
    change = encoder.mask_downscaling(click) - encoder.mask_downscaling(blank)
    last.weight *= CLICK_LOUDNESS / change[..., 3:5, 3:5].pow(2).mean().sqrt()
    last.bias -= encoder.mask_downscaling(blank).mean((0, 2, 3))
