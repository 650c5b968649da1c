"""What decides the course of a run: its phases, its rates, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.episodes import EpisodePlan
from training.losses import LossWeights


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Attributes:
        until: the step at which it ends.
        side: of its pictures [px].
        pictures: of a still step.
        still_share: of its steps that ask about single pictures; the others follow clips.
        clips, frames: of a clip step.
        clip_side: of a clip's frames, where it is another [px].
    """

    until: int
    side: int
    pictures: int
    still_share: float
    clips: int
    frames: int
    clip_side: int | None = None


# Small pictures first: a step costs a quarter, and steps are what the first understanding takes. Larger ones last:
# they are what it will look at.
CURRICULUM = (
    Phase(until=2000, side=128, pictures=4, still_share=1.0, clips=2, frames=4),
    Phase(until=3500, side=128, pictures=4, still_share=0.4, clips=2, frames=4),
    Phase(until=4600, side=192, pictures=4, still_share=0.3, clips=2, frames=5),
    Phase(until=5200, side=256, pictures=4, still_share=0.4, clips=1, frames=8),
    Phase(until=5600, side=320, pictures=4, still_share=0.5, clips=1, frames=7),
    # Long clips teach what to remember, and at full size they would have to be short.
    Phase(until=2**31, side=480, pictures=2, still_share=0.6, clips=1, frames=7, clip_side=320),
)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the course of a run, besides the config, the material and the number of workers.

    Attributes:
        steps: length of the run.
        seed: of weights, clips and prompts.
        learning_rate: between warm-up and decay.
        warmup: steps until the learning rate is reached.
        decay_from: share of the steps after which the learning rate falls to zero. A run that has no time left is
            resumed with fewer steps, and so comes to its decay earlier.
        weight_decay: of matrices and kernels.
        has_muon: whether Muon moves the matrices, not AdamW.
        clip_norm: gradients longer than this are shortened.
        average_decay: of the exponential moving average of the weights.
        still_plan, clip_plan: what is asked.
        curriculum: what is shown.
        weights: of the losses.
    """

    steps: int = 5800
    seed: int = 1
    learning_rate: float = 3e-4
    warmup: int = 100
    decay_from: float = 0.75
    weight_decay: float = 0.05
    has_muon: bool = True
    clip_norm: float = 1.0
    average_decay: float = 0.998
    still_plan: EpisodePlan = field(default_factory=lambda: EpisodePlan(targets=4, rounds=3))
    clip_plan: EpisodePlan = field(default_factory=lambda: EpisodePlan(targets=3, rounds=1, mask_chance=0.45))
    curriculum: tuple[Phase, ...] = CURRICULUM
    weights: LossWeights = field(default_factory=LossWeights)

    def phase_at(self, step: int) -> Phase:
        """The phase that step `step` belongs to."""
        return next(phase for phase in self.curriculum if step < phase.until)

    def rate_at(self, step: int) -> float:
        """The learning rate of step `step`: up, level, and down a straight line to nothing."""
        rise = (step + 1) / self.warmup
        fall = (self.steps - step) / (self.steps * (1 - self.decay_from))
        return self.learning_rate * min(rise, 1.0, max(fall, 0.01))
