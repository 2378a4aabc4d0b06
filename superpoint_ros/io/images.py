"""Image files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, cast

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from superpoint_ros.errors import DataError

PixelArray = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
"""What files and messages hold: grey (H, W) or RGB (H, W, 3); float32 in [0, 1] in messages only."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp"})

_EXIF_ORIENTATION = 0x0112
"""Values from 5 to 8 swap rows and columns, which OpenCV does when it decodes."""


class ImageFile(NamedTuple):
    """An image on disk. name: path below the folder it was found in, with forward slashes, as hloc names images."""

    name: str
    path: Path


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts ``img2`` before ``img10``."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def find_images(paths: Iterable[Path]) -> list[ImageFile]:
    """Image files among files and folders (searched recursively, natural order), each with a name of its own.

    A file that is given keeps its file name. Raises DataError for a missing path, a folder without images, or two images of
    one name.
    """
    found: list[ImageFile] = []
    for path in paths:
        if path.is_file():
            found.append(ImageFile(path.name, path))
            continue
        if not path.is_dir():
            raise DataError(f"{path} does not exist; give image files or folders")
        below = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()]
        if not below:
            raise DataError(f"{path} holds no images; known are {', '.join(sorted(SUFFIXES))}")
        names = sorted((file.relative_to(path).as_posix() for file in below), key=natural_key)
        found += [ImageFile(name, path / name) for name in names]
    first: dict[str, Path] = {}
    for name, path in found:
        if name in first:
            raise DataError(f"two images are called {name}: {first[name]} and {path}; give a folder above both of them")
        first[name] = path
    return found


def read_image(path: Path) -> PixelArray:
    """Grey (H, W) or RGB (H, W, 3), uint8 or uint16, as stored; an alpha channel is dropped.

    Raises DataError where the file is missing or is not an image.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return decode_image(np.frombuffer(data, np.uint8), str(path))


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of what ``read_image`` gives, without decoding the pixels. DataError as there."""
    try:
        with PIL.Image.open(path) as image:
            turned = image.getexif().get(_EXIF_ORIENTATION, 1) >= 5
            return (image.height, image.width) if turned else (image.width, image.height)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is no image, or it is damaged'}") from None


def decode_image(data: NDArray[np.uint8], name: str, turn: bool = True) -> PixelArray:
    """What ``read_image`` does, for the bytes (N,) of a PNG, JPEG or other image file; name is for the error.

    turn: as the Exif data say.
    """
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | (0 if turn else cv2.IMREAD_IGNORE_ORIENTATION)
    image = cv2.imdecode(data, flags) if len(data) else None
    if image is None or image.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{name} is not an 8- or 16-bit image, or it is damaged")
    return cast(PixelArray, cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image.ndim == 3 else image)
