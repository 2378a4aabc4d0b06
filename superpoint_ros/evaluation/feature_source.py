"""Where the features that are evaluated come from: an extractor of this package, or a file that another tool has written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros import __version__
from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.evaluation.feature_cache import FeatureCache
from superpoint_ros.evaluation.hdf5_features import Hdf5Features
from superpoint_ros.evaluation.image_pair import Box, ImageFile
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.io.features_file import SUFFIXES
from superpoint_ros.types import Features


class FeatureSource(Protocol):
    """Gives the features of any image of a data set."""

    @property
    def name(self) -> str:
        """What tables call it, e.g. ``small:1a2b3c4d``, ``sift`` or the name of a file."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that its features depend on beside the image, for the record."""

    def features(self, image: ImageFile, size: tuple[int, int] | None = None, box: Box | None = None) -> Features:
        """Features of the part of an image that a box holds, resized to a width and height; None: the whole image, as it is.

        Keypoints are pixels of what comes out.
        Raises DataError where the image or its features are missing or damaged, ImageError for an image that cannot be used.
        """


def open_features(
    config: ExtractorConfig, cache: FeatureCache | None = None, *, to_match: bool = False, variant: str = ""
) -> FeatureSource:
    """The features that ``config.model`` names: an HDF5 file by its suffix, else an extractor.

    Of the settings a file heeds ``max_keypoints``. cache: without one, images are extracted anew in every run. variant: what
    tells features apart that have one model.
    Raises DataError, WeightsError, DeviceError, and ConfigError for a variant of a file.
    """
    if Path(config.model).suffix in SUFFIXES:
        if variant:
            raise ConfigError(f"{config.model} holds features that are made already: it takes no settings ({variant[1:]})")
        return Hdf5Features(Path(config.model), config.max_keypoints)
    return ExtractedFeatures(config, cache, to_match=to_match, variant=variant)


class ExtractedFeatures:
    """A ``FeatureSource``: every extractor of this package, on any backend."""

    def __init__(
        self, config: ExtractorConfig, cache: FeatureCache | None = None, *, to_match: bool = False, variant: str = ""
    ) -> None:
        """Raises WeightsError, DeviceError."""
        self._config, self._variant = config, variant
        self._extractor = load_extractor(config, to_match=to_match)
        self._cache = cache if cache is not None else FeatureCache(None)

    @property
    def name(self) -> str:
        """Name, and checksum of the weights."""
        return self._extractor.model + self._variant

    @property
    def settings(self) -> Mapping[str, Any]:
        """The configuration, the weights and device that it came to, and the versions of what computes."""
        return {
            **self._config.model_dump(),
            "weights": self._extractor.model,
            "device": getattr(self._extractor, "device", "cpu"),
            "opencv": cv2.__version__,
            "superpoint_ros": __version__,
        }

    def features(self, image: ImageFile, size: tuple[int, int] | None = None, box: Box | None = None) -> Features:
        """As the protocol says; read from the cache where these pixels were extracted before."""
        pixels = crop(image.read(), box)
        key = self._cache.key(pixels, {**self.settings, "size": size})
        return self._cache.get(key, lambda: self._extractor.extract(resize(pixels, size)))


def crop(image: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
    """The part of an image (H, W) or (H, W, 3) that a box holds."""
    if box is None:
        return image
    left, top, width, height = box
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def resize(image: NDArray[np.uint8], size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """The image (H, W) or (H, W, 3) at a width and height: averaged over areas where it shrinks, else linear.

    Both images share their corner at (-0.5, -0.5): a pixel p of the image becomes (p + 0.5) s - 0.5 with the scale s.
    """
    height, width = image.shape[:2]
    if size is None or size == (width, height):
        return image
    shrinks = size[0] <= width and size[1] <= height
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
