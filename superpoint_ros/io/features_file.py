"""Features in HDF5, in the layout of hloc: ``file[image name]/{keypoints, scores, descriptors, image_size}``.

keypoints (N, 2) float32, pixels with (0, 0) at the centre of the top-left pixel; scores (N,) float32; descriptors (D, N)
float32; image_size (2,) int64, width and height. A slash in an image name makes nested groups. The model is an attribute.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.types import Features

_FIELDS = ("keypoints", "scores", "descriptors", "image_size")


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


def read_features(path: Path, name: str) -> Features:
    """The features of one image; ``model`` is "unknown" in files of other tools.

    Raises DataError where the file is missing or damaged, or has no complete features under that name.
    """
    with _open(path) as file:
        group = file.get(name)
        if not isinstance(group, h5py.Group):
            raise DataError(f"{path} has no features of {name!r}; it has {_abbreviate(_names(file))}")
        missing = [field for field in _FIELDS if field not in group]
        if missing:
            raise DataError(f"{path}: {name!r} lacks {', '.join(missing)}; is it a features file?")
        try:
            arrays = {field: group[field][()] for field in _FIELDS}
            return Features(
                keypoints=np.ascontiguousarray(arrays["keypoints"], np.float32),
                scores=np.ascontiguousarray(arrays["scores"], np.float32),
                descriptors=np.ascontiguousarray(arrays["descriptors"].T, np.float32),
                image_size=(int(arrays["image_size"][0]), int(arrays["image_size"][1])),
                model=str(group.attrs.get("model", "unknown")),
            )
        except (OSError, ValueError, TypeError, IndexError) as error:
            raise DataError(f"{path}: the features of {name!r} are damaged: {error}") from None


def list_images(path: Path) -> list[str]:
    """Names of the images in a features file, sorted. DataError as in ``read_features``."""
    with _open(path) as file:
        return _names(file)


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
