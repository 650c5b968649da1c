"""Matrix products, by oneDNN's kernels on CPUs where those are the quicker ones.

torch multiplies float32 matrices with MKL, which on AMD processors leaves AVX-512 unused: half the speed or less.
oneDNN, which every x86 build of torch carries for its convolutions and for bfloat16, uses it, and applies an activation
before the result leaves the cache. The choice follows the processor alone, so equal machines give equal masks.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["none", "relu", "gelu"]

_HAS_QUICK_KERNELS = (
    torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    and torch.backends.mkldnn.is_available()
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: Activation = "none") -> Tensor:
    """`activation(x·weightᵀ + bias)`.

    Args:
        x: (…, K).
        weight: (N, K).
        bias: (N,).
        activation: what follows the product.

    Returns:
        (…, N).
    """
    if is_quick(x):
        # The exact GELU, by the error function, is oneDNN's algorithm "none".
        algorithm = "none" if activation == "gelu" else ""
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], algorithm)
    out = F.linear(x, weight, bias)
    if activation == "relu":
        return F.relu(out)
    return F.gelu(out) if activation == "gelu" else out


def is_quick(x: Tensor) -> bool:
    """Whether products with this tensor go to oneDNN."""
    return _HAS_QUICK_KERNELS and takes_fast_form(x)


def takes_fast_form(x: Tensor) -> bool:
    """The one choice between a fast form and the plain one beside it, for products, attention, windows and layers.

    Fast forms work on parts that fit a CPU's cache. They are not for a GPU, and not where torch must see the whole:
    to record gradients, to compile, or to choose number types by itself.
    """
    is_plain = torch.is_grad_enabled() or torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu")
    return x.device.type == "cpu" and not is_plain


class Linear(nn.Linear):
    """A linear layer whose product takes the quicker kernel, in the layer's own number type if that is the narrower."""

    def forward(self, input: Tensor, activation: Activation = "none") -> Tensor:
        """Map (…, K) to (…, N), in the weight's number type."""
        return linear(self.narrowed(input), self.weight, self.bias, activation)

    def narrowed(self, x: Tensor) -> Tensor:
        """What comes in, in the layer's number type if that is the narrower; for several such layers once."""
        return x.to(self.weight.dtype) if self.weight.itemsize < x.itemsize else x
