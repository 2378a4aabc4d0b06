"""Mutual nearest neighbours beside OpenCV's brute force with cross check."""

from __future__ import annotations

from collections.abc import Callable, Sized

import cv2
import numpy as np

from superpoint_ros.benchmark.result import Measurement
from superpoint_ros.benchmark.timing import take_turns
from superpoint_ros.config import MatcherConfig
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.types import DoubleArray, Features, FloatArray

GROUP = "nearest"
OURS, OPENCV = "match", "OpenCV BFMatcher, cross check"
_WINDOW = 32.0
WINDOWED = f"match, window {_WINDOW:.0f}"
_SIZE = (640, 480)
_DRIFT = 5.0
"""Pixels that a keypoint is from where it is expected (standard deviation)."""
_NOISE = 0.05
"""Per element; the neighbours are then as similar as those of two images of one scene."""


def measure_nearest(count: int, size: int, rounds: int) -> list[Measurement]:
    """Two times ``count`` unit descriptors of ``size`` elements; half of each side has a counterpart on the other."""
    reference, current = _two_views(count, size)
    a, b = reference.descriptors, current.descriptors
    brute_force = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)
    tasks: dict[str, Callable[[], Sized]] = {
        OURS: lambda: match(reference, current),
        WINDOWED: lambda: match(reference, current, MatcherConfig(window=_WINDOW), reference.keypoints),
        OPENCV: lambda: brute_force.match(a, b),
    }
    found = {name: len(task()) for name, task in tasks.items()}
    timings = take_turns(tasks, rounds)
    # The columns width and keypoints say how large the descriptors are, and how many.
    return [Measurement(GROUP, name, timings[name], width=size, keypoints=count, found=found[name]) for name in tasks]


def _two_views(count: int, size: int) -> tuple[Features, Features]:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, count, size)).astype(np.float32)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    half = count // 2
    b[:half] = a[:half] + np.float32(_NOISE) * b[:half]
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    places = rng.uniform((0, 0), _SIZE, (count, 2))
    moved, order = places + rng.normal(0.0, _DRIFT, (count, 2)), rng.permutation(count)
    return _features(a, places), _features(b[order], moved[order])


def _features(descriptors: FloatArray, places: DoubleArray) -> Features:
    scores = np.ones(len(descriptors), np.float32)
    return Features(places.astype(np.float32), scores, np.ascontiguousarray(descriptors), _SIZE, "benchmark")
