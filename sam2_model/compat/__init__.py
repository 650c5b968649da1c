"""The names and signatures of Meta's `sam2` package, as a thin face over ours.

A script written for `sam2` runs after its imports are changed to `from sam2_model.compat import …`. What it says there
is what it means here, with five exceptions: holes are filled on every machine, not only where a CUDA extension was
built; a click outside the frame is refused; single masks always fall back to another candidate where they are unstable,
also with `apply_postprocessing=False`; what is said of an object between two frames of `propagate_in_video` counts from
the next frame on, not from the next call on; and an object whose last prompt is taken back is empty on every frame,
those that were tracked too.
"""

from .automatic_mask_generator import SAM2AutomaticMaskGenerator
from .build_sam import build_sam2, build_sam2_hf, build_sam2_video_predictor, build_sam2_video_predictor_hf
from .sam2_image_predictor import SAM2ImagePredictor
from .sam2_video_predictor import SAM2VideoPredictor

__all__ = [
    "SAM2AutomaticMaskGenerator",
    "SAM2ImagePredictor",
    "SAM2VideoPredictor",
    "build_sam2",
    "build_sam2_hf",
    "build_sam2_video_predictor",
    "build_sam2_video_predictor_hf",
]
