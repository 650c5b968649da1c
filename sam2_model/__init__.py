"""SAM 2 and 2.1 in PyTorch: segment anything in images and videos, frame by frame, in bounded memory.

Letters used for dimensions everywhere: B batch or objects, C channels, H W grid or picture, N tokens, M candidate
masks or memory tokens, P points, T frames, S side of the model's square input. Batch comes first.
"""

from .budget import Budget
from .checkpoints import load
from .config import PRESETS, RELEASED, SAM2Config
from .image_predictor import ImagePredictor
from .memory_bank import FrameMemory, MemoryBank
from .model import SAM2
from .prompts import Prompt, PromptError
from .results import FrameMasks, Masklet, MaskPrediction
from .tracking_options import TrackingOptions
from .video_predictor import VideoPredictor
from .weight_files import CheckpointError

__all__ = [
    "PRESETS",
    "RELEASED",
    "SAM2",
    "Budget",
    "CheckpointError",
    "FrameMasks",
    "FrameMemory",
    "ImagePredictor",
    "MaskPrediction",
    "Masklet",
    "MemoryBank",
    "Prompt",
    "PromptError",
    "SAM2Config",
    "TrackingOptions",
    "VideoPredictor",
    "load",
]
