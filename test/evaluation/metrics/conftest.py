"""Pairs of keypoint sets to measure, and the loops over single numbers that every metric is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Case:
    """Two images of different size, with keypoints, a homography between them and descriptors with many equal similarities."""

    first: np.ndarray
    second: np.ndarray
    first_descriptors: np.ndarray
    second_descriptors: np.ndarray
    homography: np.ndarray
    first_size: tuple[int, int]
    second_size: tuple[int, int]

    def warp(self, point: np.ndarray) -> tuple[float, float]:
        return _warp(self.homography.tolist(), point)

    def back(self, point: np.ndarray) -> tuple[float, float]:
        """Through the adjugate, which needs no matrix inversion."""
        (a, b, c), (d, e, f), (g, h, i) = self.homography.tolist()
        adjugate = [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ]
        return _warp(adjugate, point)

    def first_is_seen(self, point: np.ndarray) -> bool:
        return _within(self.warp(point), self.second_size)

    def second_is_seen(self, point: np.ndarray) -> bool:
        return _within(self.back(point), self.first_size)


def _warp(matrix: list[list[float]], point: np.ndarray) -> tuple[float, float]:
    x, y = float(point[0]), float(point[1])
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in matrix)
    return u / w, v / w


def _within(point: tuple[float, float], size: tuple[int, int]) -> bool:
    return -0.5 <= point[0] <= size[0] - 0.5 and -0.5 <= point[1] <= size[1] - 0.5


def _case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    first_size, second_size = (int(rng.integers(40, 90)), int(rng.integers(40, 90))), (int(rng.integers(40, 90)), 64)
    angle, scale = rng.uniform(-0.7, 0.7), rng.uniform(0.6, 1.6)
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    homography = np.array(
        [[cosine, -sine, rng.uniform(-9, 9)], [sine, cosine, rng.uniform(-9, 9)], [*rng.uniform(-2e-3, 2e-3, 2), 1]]
    )
    # On the centre of the first image, so that both see something.
    homography = homography @ np.array([[1, 0, -first_size[0] / 4], [0, 1, -first_size[1] / 4], [0, 0, 1]])
    homography /= homography[2, 2]
    first = rng.uniform(0, 1, (int(rng.integers(1, 30)), 2)) * np.array(first_size) - 0.5
    again = np.array([_warp(homography.tolist(), p) for p in first]) + rng.normal(0, 2.5, first.shape)
    again = again[rng.random(len(again)) < 0.7]
    chance = rng.uniform(0, 1, (int(rng.integers(1, 15)), 2)) * np.array(second_size) - 0.5
    second = np.concatenate([again[[_within(p, second_size) for p in again.tolist()]].reshape(-1, 2), chance])
    # Few distinct directions: nearest neighbours with equal similarities.
    descriptors = [rng.integers(0, 2, (len(points), 6)) + 0.25 for points in (first, second)]
    unit = [d / np.linalg.norm(d, axis=1, keepdims=True) for d in descriptors]
    return Case(
        first.astype(np.float32),
        second.astype(np.float32),
        unit[0].astype(np.float32),
        unit[1].astype(np.float32),
        homography,
        first_size,
        second_size,
    )


@pytest.fixture(scope="session")
def make_case() -> Callable[[int], Case]:
    return _case
