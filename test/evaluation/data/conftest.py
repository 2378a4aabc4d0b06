"""Small data sets with exact truth, written as their makers lay them out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.evaluation.data.sift_matches import SiftMatcher
from superpoint_ros.simulation.homography import HomographyRange, random_homography
from superpoint_ros.simulation.sequence import SimulatedSequence

SIZE = (320, 240)


@pytest.fixture(scope="module")
def sift() -> SiftMatcher:
    """What SIFT found, in memory."""
    return SiftMatcher()


@pytest.fixture(scope="session")
def sequence() -> SimulatedSequence:
    """A camera that moves by half a metre between frames."""
    return SimulatedSequence(frames=6, size=SIZE, rate=2.0)


@pytest.fixture(scope="session")
def picture(sequence: SimulatedSequence) -> np.ndarray:
    """(240, 320) uint8."""
    return np.asarray(sequence.frame(0).image)


@pytest.fixture(scope="session")
def views(picture: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Six views of the picture, the first being itself, with the homography from the picture to each."""
    width, height = SIZE
    views = [(picture, np.eye(3))]
    for seed in range(5):
        motion = random_homography(np.random.default_rng(seed), height, width, HomographyRange(15, 1.1, 0.05, 0.05))
        views.append((cv2.warpPerspective(picture, motion, SIZE, borderMode=cv2.BORDER_REFLECT), motion))
    return views


@pytest.fixture
def hpatches(tmp_path: Path, views: list[tuple[np.ndarray, np.ndarray]]) -> Callable[..., Path]:
    """Writes a sequence of a name into the folder ``hpatches`` and returns that."""

    def write(*names: str) -> Path:
        for name in names:
            folder = tmp_path / "hpatches" / name
            folder.mkdir(parents=True)
            for k, (image, homography) in enumerate(views, 1):
                assert cv2.imwrite(str(folder / f"{k}.ppm"), cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
                if k > 1:
                    np.savetxt(folder / f"H_1_{k}", 2.0 * homography)
        return tmp_path / "hpatches"

    return write


@pytest.fixture
def oxford(tmp_path: Path, views: list[tuple[np.ndarray, np.ndarray]]) -> Path:
    """Two scenes with three images each, of two types."""
    for scene, suffix in (("wall", "pgm"), ("bark", "png")):
        folder = tmp_path / "oxford" / scene
        folder.mkdir(parents=True)
        for k, (image, homography) in enumerate(views[:3], 1):
            assert cv2.imwrite(str(folder / f"img{k}.{suffix}"), image)
            if k > 1:
                np.savetxt(folder / f"H1to{k}p", homography)
    return tmp_path / "oxford"
