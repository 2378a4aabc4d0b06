"""Features in HDF5, in the layout of hloc: ``file[image name]/{keypoints, scores, descriptors, image_size}``.

keypoints (N, 2) float32, pixels with (0, 0) at the centre of the top-left pixel; scores (N,) float32; descriptors (D, N)
float32; image_size (2,) int64, width and height. A slash in an image name makes nested groups. The model is an attribute.

hloc has the same pixels: it maps keypoints back to the full image by (p + 0.5) s - 0.5, and adds 0.5 only for COLMAP. By default
it stores float16, which moves keypoints beyond x = 1024 by up to half a pixel: use ``as_half=False`` where accuracy counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.types import Features, FloatArray

SUFFIXES = frozenset({".h5", ".hdf5"})

_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for a file whose parts do not hold together, and NumPy for arrays that are no features."""


class FeaturesWriter:
    """Writes features file by file; the file appears under its name when the block ends without an error, complete or not at all.

    >>> with FeaturesWriter(Path("features.h5")) as writer:         # doctest: +SKIP
    ...     writer.write("room/left.png", features)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> FeaturesWriter:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = h5py.File(self._temporary, "w")
        except OSError as error:
            raise DataError(f"cannot write {self._path}: {error}") from None
        return self

    def write(self, name: str, features: Features) -> None:
        """Add the features of one image. DataError for a name that was written before or that HDF5 cannot hold."""
        if not name.strip("/") or name in self._file:
            raise DataError(f"{self._path}: an image name must be new and not empty, got {name!r}")
        group = self._file.create_group(name)
        group.create_dataset("keypoints", data=features.keypoints)
        group.create_dataset("scores", data=features.scores)
        group.create_dataset("descriptors", data=features.descriptors.T)
        group.create_dataset("image_size", data=np.array(features.image_size, np.int64))
        group.attrs["model"] = features.model

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def read_features(path: Path, name: str, image_size: tuple[int, int] | None = None) -> Features:
    """The features of one image; ``model`` is "unknown" in files of other tools.

    What other tools leave out is made up for: without scores they are ranked in the order of the file, without descriptors these
    have no columns, and image_size (width, height) counts where the file has none. Half precision becomes float32.
    Raises DataError where the file is missing or damaged, or has no usable features under that name.
    """
    with _open(path) as file:
        group = file.get(name)
        if not isinstance(group, h5py.Group):
            raise DataError(f"{path} has no features of {name!r}; it has {_abbreviate(_names(file))}")
        lacking = [field for field in ("keypoints", "image_size") if field not in group]
        if "keypoints" in lacking or (lacking and image_size is None):
            raise DataError(f"{path}: {name!r} lacks {', '.join(lacking)}; is it a features file?")
        try:
            keypoints = np.ascontiguousarray(group["keypoints"][()], np.float32)
            count = len(keypoints)
            size: Any = group["image_size"][()].tolist() if "image_size" in group else image_size
            width, height = size
            return Features(
                keypoints=keypoints,
                scores=_array(group, "scores", np.arange(count, 0, -1) / max(count, 1)),
                descriptors=np.ascontiguousarray(_array(group, "descriptors", np.zeros((0, count))).T),
                image_size=(int(width), int(height)),
                model=str(group.attrs.get("model", "unknown")),
            )
        except _DAMAGE as error:
            raise DataError(f"{path}: the features of {name!r} are damaged: {error}") from None


def _array(group: h5py.Group, field: str, default: NDArray[np.floating]) -> FloatArray:
    return np.ascontiguousarray(group[field][()] if field in group else default, np.float32)


def list_images(path: Path) -> list[str]:
    """Names of the images in a features file, sorted. DataError as in ``read_features``."""
    with _open(path) as file:
        try:
            return _names(file)
        except _DAMAGE as error:
            raise DataError(f"{path} is damaged: {error}") from None


def _open(path: Path) -> h5py.File:
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path} is no HDF5 file, or it is cut off: {error}") from None


def _names(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name.rpartition("/")[0]) if name.endswith("/keypoints") else None)
    return sorted(names)


def _abbreviate(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "none"
