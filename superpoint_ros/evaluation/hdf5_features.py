"""Features that another tool extracted, in the HDF5 layout of hloc; see ``io.features_file``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.image_pair import Box, ImageFile
from superpoint_ros.features.descriptor import unit_length
from superpoint_ros.io.features_file import list_images, read_features
from superpoint_ros.types import Features


class Hdf5Features:
    """A ``FeatureSource``. The keypoints are those of the full image, found at whatever resolution the tool has chosen.

    An image of the file belongs to an image of the data set when they have the same name, or the name of one is the end of the
    other's path: ``img1.png`` is ``graf/img1.png`` as long as there is one.
    """

    def __init__(self, path: Path, max_keypoints: int) -> None:
        """max_keypoints: the best ones, or the first ones of a file without scores. Raises DataError for an unreadable file."""
        self._path, self._max_keypoints = path, max_keypoints
        self._names = list_images(path)
        if not self._names:
            raise DataError(
                f"{path} holds no features; expected groups with keypoints, scores and descriptors, as hloc writes them"
            )

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._path.stem

    @property
    def settings(self) -> Mapping[str, Any]:
        """The file and how many of its keypoints count."""
        return {"model": str(self._path), "max_keypoints": self._max_keypoints}

    def features(self, image: ImageFile, size: tuple[int, int] | None = None, box: Box | None = None) -> Features:
        """As the protocol says; descriptors are brought to unit length, as ours are.

        Raises DataError where the file has no keypoints of the image, or has features of an image of another size.
        """
        height, width = image.read().shape[:2]
        name = self._find(image.name)
        found = read_features(self._path, name, (width, height))
        if len(found) == 0:
            raise DataError(f"{self._path}: there are no keypoints in {name!r}")
        if found.image_size != (width, height):
            there = "{}x{}".format(*found.image_size)
            raise DataError(f"{self._path}: the features of {name!r} are of an image of {there} pixels, it has {width}x{height}")
        if not all(np.isfinite(values).all() for values in (found.keypoints, found.scores, found.descriptors)):
            raise DataError(f"{self._path}: the features of {name!r} contain a value that is not finite")
        box = box or (0, 0, width, height)
        chosen = _best_inside(found, box, self._max_keypoints)
        return _looked_at(chosen, box, size or box[2:], self.name)

    def _find(self, image: str) -> str:
        matching = [name for name in self._names if name == image]
        matching = matching or [
            name for name in self._names if f"/{name}".endswith(f"/{image}") or f"/{image}".endswith(f"/{name}")
        ]
        if len(matching) != 1:
            found = f"several images could be {image!r}: {', '.join(matching[:3])}" if matching else f"no features of {image!r}"
            raise DataError(f"{self._path}: {found}; the file has {len(self._names)} images, e.g. {self._names[0]}")
        return matching[0]


def _best_inside(features: Features, box: Box, count: int) -> Features:
    left, top, width, height = box
    place = features.keypoints - (left, top)
    inside = np.flatnonzero(((place >= -0.5) & (place <= (width - 0.5, height - 0.5))).all(axis=1))
    best = inside[np.argsort(-features.scores[inside], kind="stable")[:count]]
    descriptors = unit_length(features.descriptors[best])
    return replace(features, keypoints=features.keypoints[best], scores=features.scores[best], descriptors=descriptors)


def _looked_at(features: Features, box: Box, size: tuple[int, int], model: str) -> Features:
    """The features in pixels of the resized box: a corner at (-0.5, -0.5) stays there."""
    scale = np.array(size, np.float64) / box[2:]
    keypoints = (features.keypoints - np.array(box[:2], np.float64) + 0.5) * scale - 0.5
    return replace(features, keypoints=keypoints.astype(np.float32), image_size=size, model=model)
