"""The size that a protocol looks at images in, and what happens to ground truth and intrinsics on the way.

Pixel centres have integer coordinates and the corner of an image, (-0.5, -0.5), stays where it is: a scale s maps x to
(x + 0.5) s - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.evaluation.image_pair import Box, ImageFile
from superpoint_ros.types import Camera, DoubleArray

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class Resize:
    """What is done to an image before features are extracted.

    rule: ``full``: nothing; ``long``: shrink the longer side to ``target[0]``, never enlarge; ``short``: scale the shorter side
    to ``target[0]``; ``crop``: the largest part in the middle with the aspect ratio of ``target`` (width, height), scaled to it.
    """

    rule: Literal["full", "long", "short", "crop"] = "full"
    target: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.rule == "crop":
            return f"{self.target[0]}x{self.target[1]}, cropped"
        return "full" if self.rule == "full" else f"{self.rule} side {'<= ' if self.rule == 'long' else ''}{self.target[0]}"

    def box(self, full: Size) -> Box:
        """Left, top, width and height of the part of the full image that is looked at."""
        width, height = full
        if self.rule == "crop":
            scale = min(full[0] / self.target[0], full[1] / self.target[1])
            width, height = min(full[0], round(scale * self.target[0])), min(full[1], round(scale * self.target[1]))
        return (full[0] - width) // 2, (full[1] - height) // 2, width, height

    def size(self, full: Size) -> Size:
        """Of the image that features are extracted from."""
        width, height = full
        if self.rule == "crop":
            return self.target[0], self.target[1]
        if self.rule == "full":
            return full
        scale = self.target[0] / (max(full) if self.rule == "long" else min(full))
        if self.rule == "long" and scale >= 1.0:
            return full
        return max(1, round(width * scale)), max(1, round(height * scale))

    def matrix(self, full: Size) -> DoubleArray:
        """(3, 3) pixels of the full image to pixels of the one that features are extracted from; the last row is 0 0 1."""
        (left, top, width, height), size = self.box(full), self.size(full)
        x, y = size[0] / width, size[1] / height
        return np.array([[x, 0.0, (0.5 - left) * x - 0.5], [0.0, y, (0.5 - top) * y - 0.5], [0.0, 0.0, 1.0]])

    def camera(self, camera: Camera) -> Camera:
        """The intrinsics of the image that features are extracted from."""
        full = (camera.width, camera.height)
        (x, _, right), (_, y, down), _ = self.matrix(full)
        width, height = self.size(full)
        focal = {"fx": camera.fx * x, "fy": camera.fy * y}
        return replace(camera, width=width, height=height, **focal, cx=camera.cx * x + right, cy=camera.cy * y + down)


class LoadedImage:
    """An ``ImageFile`` that is read once."""

    def __init__(self, image: ImageFile) -> None:
        """Raises DataError where the file is missing or damaged."""
        self.name = image.name
        self._pixels = image.read()

    @property
    def full(self) -> Size:
        """Width and height."""
        return self._pixels.shape[1], self._pixels.shape[0]

    def read(self) -> NDArray[np.uint8]:
        """(H, W) or (H, W, 3) at full resolution."""
        return self._pixels
