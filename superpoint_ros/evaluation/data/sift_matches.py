"""Matches that judge a data set before anything is measured on it: RootSIFT, which is none of what this package trains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from superpoint_ros.config import ExtractorConfig, MatcherConfig
from superpoint_ros.evaluation.feature_cache import FeatureCache
from superpoint_ros.evaluation.feature_source import open_features
from superpoint_ros.evaluation.image_pair import ImageFile, ImagePair
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.types import DoubleArray

CHECKED = 20
"""Pairs of each group that are looked at, unless said otherwise: a glance, even where there are thousands."""
_SIFT = ExtractorConfig(model="sift", max_keypoints=2000, max_size=1024)
_MATCHER = MatcherConfig(ratio=0.9)


class SiftMatches(NamedTuple):
    """first, second: (M, 2) float64 pixels of the full images. diagonal: of the second image, in pixels."""

    first: DoubleArray
    second: DoubleArray
    diagonal: float


class SiftMatcher:
    """Finds them, for each pair of images once: what looks at the same pairs should share it."""

    def __init__(self, cache: FeatureCache | None = None) -> None:
        self._sift = open_features(_SIFT, cache)
        self._found: dict[tuple[ImageFile, ImageFile], SiftMatches] = {}

    def match(self, pair: ImagePair) -> SiftMatches:
        """Mutual nearest neighbours that pass the ratio test. Raises DataError where an image cannot be read."""
        images = pair.first, pair.second
        if images not in self._found:
            first, second = (self._sift.features(image) for image in images)
            matches = match(first, second, _MATCHER)
            a, b = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
            self._found[images] = SiftMatches(a.astype(np.float64), b.astype(np.float64), float(np.hypot(*second.image_size)))
        return self._found[images]
