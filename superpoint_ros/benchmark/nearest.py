"""Mutual nearest neighbours beside OpenCV's brute force with cross check."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from superpoint_ros.benchmark.result import Measurement
from superpoint_ros.benchmark.timing import take_turns
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.types import Features, FloatArray

GROUP = "nearest"
OURS, OPENCV = "match", "OpenCV BFMatcher, cross check"
_NOISE = 0.05
"""Per element; the neighbours are then as similar as those of two images of one scene."""


def measure_nearest(count: int, size: int, rounds: int) -> list[Measurement]:
    """Two times ``count`` unit descriptors of ``size`` elements; half of each side has a counterpart on the other."""
    a, b = _descriptors(count, size)
    reference, current = _features(a), _features(b)
    brute_force = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)
    tasks: dict[str, Callable[[], object]] = {
        OURS: lambda: match(reference, current),
        OPENCV: lambda: brute_force.match(a, b),
    }
    found = {OURS: len(match(reference, current)), OPENCV: len(brute_force.match(a, b))}
    timings = take_turns(tasks, rounds)
    # The columns width and keypoints say how large the descriptors are, and how many.
    return [Measurement(GROUP, name, timings[name], width=size, keypoints=count, found=found[name]) for name in tasks]


def _descriptors(count: int, size: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, count, size)).astype(np.float32)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    half = count // 2
    b[:half] = a[:half] + np.float32(_NOISE) * b[:half]
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    return a, np.ascontiguousarray(b[rng.permutation(count)])


def _features(descriptors: FloatArray) -> Features:
    n = len(descriptors)
    return Features(np.zeros((n, 2), np.float32), np.ones(n, np.float32), descriptors, (640, 480), "benchmark")
