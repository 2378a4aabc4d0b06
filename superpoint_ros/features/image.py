"""From the image of a camera to the picture the network sees, and back to pixels of the camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import ImageError
from superpoint_ros.types import BoolArray, FloatArray, Image

CELL = 8
"""Pixels per side of a cell: the encoder halves the resolution three times."""

LEVEL_RATIO = 1.5
"""From one level of a pyramid to the next. 2 bears as large a zoom with fewer levels, and less noise."""

_ROUNDING = 1e-3
"""How far a float image may leave [0, 1]: interpolation overshoots a little, a picture in [0, 255] by much more."""

_NATIVE = {"u1": (np.uint8, 255), "u2": (np.uint16, 65535), "f2": (np.float32, 1), "f4": (np.float32, 1), "f8": (np.float32, 1)}
"""What each kind of pixel, as NumPy spells it, is converted with, and the value of white."""


@dataclass(frozen=True)
class WorkingImage:
    """A grey image at the resolution that features are computed at.

    pixels: (h, w) float32 in [0, 1]. image_size: (width, height) of the image that it was made from.
    """

    pixels: FloatArray
    image_size: tuple[int, int]

    @property
    def scale(self) -> FloatArray:
        """(2,) float32: pixels of the image per working pixel, in x and y."""
        height, width = self.pixels.shape
        return np.array([self.image_size[0] / width, self.image_size[1] / height], np.float32)

    def to_image(self, points: FloatArray) -> FloatArray:
        """(N, 2) float32 points of the working image → pixels of the image.

        Pixel centres have integer coordinates in both, so the corner of the image, which they share, is at (-0.5, -0.5).
        """
        return (points + np.float32(0.5)) * self.scale - np.float32(0.5)


def working_image(image: Image, max_size: int = 0) -> WorkingImage:
    """The grey image, shrunk by area averaging until its longer side is ``max_size``; 0 keeps the size. Raises ImageError."""
    grey = to_grey(image)
    height, width = grey.shape
    ratio = max_size / max(height, width)
    return WorkingImage(_shrink(grey, ratio) if 0 < ratio < 1 else grey, (width, height))


def pyramid(working: WorkingImage, levels: int) -> list[WorkingImage]:
    """So many working images of one image: as it is, then each LEVEL_RATIO times smaller than the one before."""
    smaller = (_shrink(working.pixels, LEVEL_RATIO**-level) for level in range(1, levels))
    return [working, *(WorkingImage(pixels, working.image_size) for pixels in smaller)]


def _shrink(grey: FloatArray, ratio: float) -> FloatArray:
    """Area averaging."""
    height, width = grey.shape
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def working_mask(mask: NDArray[np.uint8], working: WorkingImage) -> BoolArray:
    """(H, W) mask of the image → (h, w) bool: True only where every image pixel under the working pixel is unmasked.

    Raises ImageError when mask and image differ in size.
    """
    width, height = working.image_size
    if np.shape(mask) != (height, width):
        raise ImageError(f"the mask has shape {np.shape(mask)}, the image {(height, width)}: give a grey mask of the same size")
    free: BoolArray = np.asarray(mask) != 0
    if working.pixels.shape == free.shape:
        return free
    masked = (~free).astype(np.float32)
    h, w = working.pixels.shape
    return np.asarray(cv2.resize(masked, (w, h), interpolation=cv2.INTER_AREA) == 0)


def pad_to_cells(grey: FloatArray) -> FloatArray:
    """Grow an image to the right and downwards until its sides are multiples of a cell; coordinates stay what they are.

    The last row and column are repeated: an edge that leaves the image goes straight on, whereas reflection would bend it
    into a corner, and zeros would add a frame, both of which the detector fires at.
    """
    height, width = grey.shape
    bottom, right = -height % CELL, -width % CELL
    if not bottom and not right:
        return grey
    return np.asarray(cv2.copyMakeBorder(grey, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.float32)


def to_grey(image: Image) -> FloatArray:
    """Any camera image → (H, W) float32 in [0, 1], C-contiguous.

    image: HxW, HxWx1, HxWx3 (RGB order) or HxWx4 (RGBA, alpha is ignored); uint8, uint16 (full range) or float in [0, 1];
    any strides and byte order. Colours become grey with the weights of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
    Raises ImageError for other shapes and types, empty images, and float values that are not finite or not in [0, 1].
    """
    if not isinstance(image, np.ndarray):
        raise ImageError(f"an image must be a NumPy array, got {type(image).__name__}")
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ImageError(f"an image must be HxW, HxWx1, HxWx3 (RGB) or HxWx4 (RGBA), got shape {image.shape}")
    if image.size == 0:
        raise ImageError(f"an image of {image.shape[1]}x{image.shape[0]} pixels is empty")
    kind = image.dtype.str[1:]
    if kind not in _NATIVE:
        raise ImageError(f"an image must be uint8, uint16 or float in [0, 1], got {image.dtype}")

    dtype, white = _NATIVE[kind]
    native = np.ascontiguousarray(image[..., :3] if channels == 4 else image, dtype=dtype)
    if image.dtype.kind == "f":
        native = _unit_range(native)
    grey = native.reshape(native.shape[:2]) if channels == 1 else cv2.cvtColor(native, cv2.COLOR_RGB2GRAY)
    return np.asarray(np.divide(grey, np.float32(white), dtype=np.float32))


def to_bytes(grey: FloatArray) -> NDArray[np.uint8]:
    """(H, W) float32 in [0, 1] → uint8, rounded; exact for what was uint8 before."""
    return np.asarray(np.rint(grey * np.float32(255)).astype(np.uint8))


def _unit_range(values: FloatArray) -> FloatArray:
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise ImageError("the float image has NaN or infinite values: replace them before features are extracted")
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ImageError(f"the float image has values in [{low:.4g}, {high:.4g}]: scale them to [0, 1]")
    return np.asarray(values.clip(0, 1))
