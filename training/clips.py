"""Generated clips: several textured things that move, bend and hide one another over a moving background.

Everything is tensor code over a whole batch, runs on the device that trains, and depends on nothing
but the seed. No file is needed; with `Material` real photos and cut-outs are mixed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from training.material import Material
from training.motion import bent_grids, inverse_transforms, smooth_paths
from training.textures import (
    mosaics,
    normal,
    procedural_shapes,
    procedural_textures,
    smooth_noise,
    uniform,
)

REAL_SHARE = 0.9  # of backgrounds and of objects that are real, where there is material
SCENE_ZOOM = 1.3  # the background picture is this much wider than the frame, so that it can move
LOOKALIKE_CHANCE = 0.2
LEAVING_CHANCE = 0.12
TWO_PART_CHANCE = 0.4
SQUEEZE = 0.3  # log of how much narrower things mostly look: wide frames are squeezed to the network's square
PHOTO_CHANCE = 0.7  # of a lone frame being a labelled photo as it is
COLLAGE_CHANCE = 0.5  # of it being four or nine of them


@dataclass(frozen=True, eq=False)
class Clips:
    """A batch of clips with the truth about every object.

    Attributes:
        frames: (B, T, 3, S, S) uint8, RGB.
        masks: (B, T, K, S, S) bool, what is visible of each of the K objects. Objects never overlap.
            The last of them is a labelled object of the background photo; without material it is empty.
    """

    frames: Tensor
    masks: Tensor


class ClipSource(Protocol):
    """Where a run's clips come from."""

    @property
    def device(self) -> str:
        """Where the clips are made."""
        ...

    def of_side(self, side: int) -> ClipSource:
        """The same source with frames of another size [px]."""
        ...

    def make(self, seed: int, clips: int, frames: int) -> Clips:
        """Clips that depend on the arguments alone."""
        ...


@dataclass(frozen=True, eq=False)
class ClipGenerator:
    """Makes clips of one size.

    Attributes:
        side: of the frames [px], a multiple of 4.
        objects: most objects in a clip, besides the background's own.
        device: where the clips are made.
        material: real photos and cut-outs to mix in, or None.
        joined_chance: of an object being two things that move as one, as a rider and a horse.
        procedural_chance: of a step's clips holding nothing real although there is material.
    """

    side: int = 256
    objects: int = 3
    device: str = "cpu"
    material: Material | None = None
    joined_chance: float = 0.25
    procedural_chance: float = 0.3

    def of_side(self, side: int) -> ClipGenerator:
        """The same generator with frames of another size [px]."""
        return replace(self, side=side)

    def make(self, seed: int, clips: int, frames: int) -> Clips:
        """Make `clips` clips of `frames` frames; equal arguments give equal clips on one kind of device."""
        gen = torch.Generator(device=self.device).manual_seed(seed)
        if self.material is not None and float(uniform(gen, 1)) < self.procedural_chance:
            # Drawn things that touch are two: nothing but chance tells which of them were joined.
            return replace(self, material=None, joined_chance=0.0).make(seed, clips, frames)
        has_photos = self.material is not None and bool(self.material.weights.any())
        if self.material is not None and has_photos and frames == 1 and float(uniform(gen, 1)) < PHOTO_CHANCE:
            if float(uniform(gen, 1)) < COLLAGE_CHANCE:
                photos, masks = self.material.collages(gen, clips, self.side)
            else:
                photos, masks = self.material.stills(gen, clips, self.side, self.objects + 1)
            return Clips(self._photograph(gen, photos[:, None]), masks[:, None])
        pace = torch.exp(uniform(gen, clips, low=math.log(0.4), high=math.log(2.8)))
        camera = self._camera_path(gen, clips, frames, pace)
        background = self._background(gen, camera, pace)  # (B*T, 4, S, S)
        looks = self._looks(gen, clips)  # (B, K, 4, s, s), colour premultiplied

        picture = torch.zeros(clips * frames, 3, self.side, self.side, device=self.device)
        light_left = torch.ones(clips * frames, 1, self.side, self.side, device=self.device)
        visible = []
        for index in range(self.objects):  # front to back
            layer = self._move(gen, looks[:, index], camera, pace, present=0.95 if index == 0 else 0.7)
            picture = picture + light_left * layer[:, :3]
            visible.append(light_left * layer[:, 3:])
            light_left = light_left * (1 - layer[:, 3:])
        picture = picture + light_left * background[:, :3]
        visible.append(light_left * background[:, 3:])

        shown = self._photograph(gen, picture.view(clips, frames, 3, self.side, self.side))
        masks = torch.cat(visible, 1).view(clips, frames, self.objects + 1, self.side, self.side) > 0.5
        return Clips(shown, masks)

    def _camera_path(self, gen: torch.Generator, clips: int, frames: int, pace: Tensor) -> Tensor:
        """Where the camera looks: (B, T, 2) shift that everything shares, in half frames."""
        steady = pace * 0.012 * (uniform(gen, clips) < 0.8)
        x = smooth_paths(gen, clips, frames, steady)
        y = smooth_paths(gen, clips, frames, steady * 0.6)
        shake = normal(gen, clips, frames, 2) * (0.008 * (uniform(gen, clips, 1, 1) < 0.3))
        return torch.stack([x, y], -1) + shake

    def _background(self, gen: torch.Generator, camera: Tensor, pace: Tensor) -> Tensor:
        """The moving background with, in its fourth channel, one labelled object of it: (B*T, 4, S, S)."""
        clips, frames = camera.shape[:2]
        side = self.side
        first, second = procedural_textures(gen, 2 * clips, side).split(clips)
        scene = mosaics(gen, first, second, TWO_PART_CHANCE)
        scene = torch.cat([scene, torch.zeros(clips, 1, side, side, device=self.device)], 1)
        if self.material is not None:
            real = self.material.scenes(gen, clips, side)
            scene = torch.where(uniform(gen, clips, 1, 1, 1) < REAL_SHARE, real, scene)
        still = torch.zeros(clips, device=self.device)
        zoom = SCENE_ZOOM * torch.exp(
            uniform(gen, clips, 1, low=-0.25, high=0.25) + smooth_paths(gen, clips, frames, still + 0.006)
        )
        angle = smooth_paths(gen, clips, frames, 0.006 * pace) + 0.1 * normal(gen, clips, 1)
        offset = uniform(gen, clips, 1, 2, low=-0.25, high=0.25)
        mirrored = torch.where(uniform(gen, clips, 1) < 0.5, -1.0, 1.0)
        transforms = inverse_transforms(camera + offset, zoom * mirrored, angle, mirrored.expand_as(zoom))
        grid = bent_grids(gen, transforms, side, bending=0.25 * uniform(gen, clips) ** 2)
        source = scene[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1)
        return F.grid_sample(source, grid, padding_mode="reflection", align_corners=False)

    def _looks(self, gen: torch.Generator, clips: int) -> Tensor:
        """What each object looks like before it moves: (B, K, 4, s, s), colour times alpha, and alpha."""
        n, side = clips * self.objects, self.side // 2
        first, second = procedural_textures(gen, 2 * n, side).split(n)
        if self.material is not None:
            patches = self.material.patches(gen, n, side)
            first = torch.where(uniform(gen, n, 1, 1, 1) < 0.5, patches, first)
        color = mosaics(gen, first, second, TWO_PART_CHANCE)
        alpha, depth = procedural_shapes(gen, n, side)
        shading = uniform(gen, n, 1, 1, 1, high=0.6)
        color = color * (1 - shading * (1 - depth))
        looks = torch.cat([color * alpha, alpha], 1)
        if self.material is not None:
            real = self.material.cutouts(gen, n, side)
            looks = torch.where(uniform(gen, n, 1, 1, 1) < REAL_SHARE, real, looks)
        looks = self._joined(gen, self._tinted(gen, looks)).view(clips, self.objects, 4, side, side)
        if self.objects > 1:
            twin = uniform(gen, clips, 1, 1, 1) < LOOKALIKE_CHANCE
            looks = torch.cat([looks[:, :1], torch.where(twin, looks[:, 0], looks[:, 1])[:, None], looks[:, 2:]], 1)
        return looks

    def _tinted(self, gen: torch.Generator, looks: Tensor) -> Tensor:
        """Change colours a little, so that one cut-out is not always the same one."""
        n = len(looks)
        gain = 1 + 0.2 * normal(gen, n, 3, 1, 1)
        lit = 1 + 0.25 * smooth_noise(gen, n, 2, looks.shape[-1])
        color = (looks[:, :3] * gain * lit).clamp(min=0)
        return torch.cat([torch.minimum(color, looks[:, 3:]), looks[:, 3:]], 1)

    def _joined(self, gen: torch.Generator, looks: Tensor) -> Tensor:
        """Put some objects, made smaller, in front of others: one object of very different parts."""
        n, _, side, _ = looks.shape
        scale = 1 / uniform(gen, n, low=0.5, high=0.8)
        shift = uniform(gen, n, 2, low=-0.45, high=0.45) * scale[:, None]
        theta = torch.zeros(n, 2, 3, device=self.device)
        theta[:, 0, 0] = theta[:, 1, 1] = scale
        theta[:, :, 2] = shift
        grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
        front = F.grid_sample(looks.roll(1, 0), grid, align_corners=False)
        front = front * (uniform(gen, n, 1, 1, 1) < self.joined_chance)
        return front + looks * (1 - front[:, 3:])

    def _move(self, gen: torch.Generator, look: Tensor, camera: Tensor, pace: Tensor, present: float) -> Tensor:
        """One object of every clip through time: (B*T, 4, S, S).

        Args:
            look: (B, 4, s, s).
            present: chance that the clip has this object at all.
        """
        clips, frames = camera.shape[:2]
        speed = pace * 0.03 * uniform(gen, clips)
        own = torch.stack([smooth_paths(gen, clips, frames, speed), smooth_paths(gen, clips, frames, speed)], -1)
        start = uniform(gen, clips, 1, 2, low=-0.75, high=0.75)
        center = start + own + camera + self._excursion(gen, clips, frames)
        scale = torch.exp(uniform(gen, clips, 1, low=math.log(0.22), high=math.log(0.95)))
        growing = torch.exp(smooth_paths(gen, clips, frames, 0.012 * pace).clamp(-0.7, 0.7))
        angle = 0.5 * normal(gen, clips, 1) + smooth_paths(gen, clips, frames, 0.03 * pace * uniform(gen, clips))
        stretch = torch.exp(
            SQUEEZE + 0.25 * normal(gen, clips, 1) + smooth_paths(gen, clips, frames, 0.01 * pace).clamp(-0.4, 0.4)
        )
        transforms = inverse_transforms(center, scale * growing, angle, stretch)
        grid = bent_grids(gen, transforms, self.side, bending=uniform(gen, clips, high=0.5))
        there = uniform(gen, clips, 1, 1, 1) < present
        source = (look * there)[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1)
        return F.grid_sample(source, grid, padding_mode="zeros", align_corners=False)

    def _excursion(self, gen: torch.Generator, clips: int, frames: int) -> Tensor:
        """A few objects swing out of the picture and come back: (B, T, 2) in half frames."""
        time = torch.arange(frames, device=self.device, dtype=torch.float32)[None]
        lasting = uniform(gen, clips, 1, low=6, high=16)
        begun = time - uniform(gen, clips, 1, low=1, high=8)
        # Half a sine, broadened; its end may fall a hair below zero, of which there is no root.
        swing = torch.sin((begun / lasting).clamp(0, 1) * math.pi).clamp(min=0) ** 0.7
        direction = uniform(gen, clips, 1, high=2 * math.pi)
        goes = (uniform(gen, clips, 1) < LEAVING_CHANCE) * 2.4
        return torch.stack([swing * direction.cos(), swing * direction.sin()], -1) * goes[..., None]

    def _photograph(self, gen: torch.Generator, picture: Tensor) -> Tensor:
        """What a camera makes of it: light that drifts, blur, noise, 8 bits. (B, T, 3, S, S) → the same, uint8."""
        clips, frames = picture.shape[:2]
        drift = torch.exp(
            smooth_paths(gen, clips, frames, torch.full((clips,), 0.02, device=self.device)).clamp(-0.4, 0.4)
        )
        cast = 1 + 0.06 * normal(gen, clips, 1, 3, 1, 1)
        gamma = torch.exp(0.15 * normal(gen, clips, 1, 1, 1, 1))
        lit = (picture.clamp(1e-4, 1) ** gamma) * drift[:, :, None, None, None] * cast
        soft = F.avg_pool2d(lit.flatten(0, 1), 3, stride=1, padding=1, count_include_pad=False).view_as(lit)
        softness = uniform(gen, clips, 1, 1, 1, 1) * (uniform(gen, clips, 1, 1, 1, 1) < 0.4)
        lit = lit + softness * (soft - lit)
        grain = normal(gen, *lit.shape) * (0.03 * uniform(gen, clips, 1, 1, 1, 1) ** 2)
        return ((lit + grain).clamp(0, 1) * 255 + 0.5).to(torch.uint8)
