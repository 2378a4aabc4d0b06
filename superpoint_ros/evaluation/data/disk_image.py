"""Images of pairs that are files on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.io.images import SUFFIXES, PixelArray, read_image


@dataclass(frozen=True)
class DiskImage:
    """An ``ImageFile``. name: unique in the data set. turns: quarter turns counterclockwise that put the image upright."""

    name: str
    path: Path
    turns: int = 0

    def read(self) -> NDArray[np.uint8]:
        """(H, W) or (H, W, 3) RGB, turned. Raises DataError where the file is missing or damaged."""
        return np.ascontiguousarray(np.rot90(eight_bit(read_image(self.path)), self.turns))


def eight_bit(image: PixelArray) -> NDArray[np.uint8]:
    """The image in 8 bits per channel, rounded; 16 bits are taken as their full range, floating point as [0, 1]."""
    if image.dtype == np.uint8:
        return np.asarray(image, np.uint8)
    white = 65535 if image.dtype == np.uint16 else 1
    return np.rint(image * np.float32(255 / white)).astype(np.uint8)


def find_image(folder: Path, stem: str, name: str) -> DiskImage:
    """The image of a folder with this stem, of whatever type. Raises DataError where there is none."""
    for file in sorted(folder.glob(f"{stem}.*")):
        if file.suffix.lower() in SUFFIXES:
            return DiskImage(f"{name}/{file.name}", file)
    raise DataError(f"{folder}: the image {stem} is missing ({stem}.ppm, {stem}.png, …)")
