"""Matches that judge a data set before anything is measured on it: RootSIFT, which is none of what this package trains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from superpoint_ros.config import ExtractorConfig, MatcherConfig
from superpoint_ros.evaluation.feature_cache import FeatureCache
from superpoint_ros.evaluation.feature_source import FeatureSource, open_features
from superpoint_ros.evaluation.image_pair import ImagePair
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


def open_sift(cache: FeatureCache | None) -> FeatureSource:
    """What extracts them; pairs that share an image share the work."""
    return open_features(_SIFT, cache)


def sift_matches(pair: ImagePair, sift: FeatureSource) -> SiftMatches:
    """Mutual nearest neighbours that pass the ratio test. Raises DataError where an image cannot be read."""
    first, second = sift.features(pair.first), sift.features(pair.second)
    matches = match(first, second, _MATCHER)
    a, b = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
    return SiftMatches(a.astype(np.float64), b.astype(np.float64), float(np.hypot(*second.image_size)))
