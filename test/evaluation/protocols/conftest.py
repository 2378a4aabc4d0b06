"""Pairs whose keypoints are known exactly, so that every figure has a known value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.evaluation.feature_source import FeatureSource
from superpoint_ros.evaluation.hdf5_features import Hdf5Features
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.io.features_file import FeaturesWriter
from superpoint_ros.types import Camera, Features, Pose


@dataclass(frozen=True)
class Picture:
    """An image file that nothing is detected in: its keypoints are in a file."""

    name: str
    size: tuple[int, int]

    def read(self) -> np.ndarray:
        return np.zeros((self.size[1], self.size[0]), np.uint8)


@dataclass(frozen=True)
class World:
    """Points that both images of a pair see, and what is known about the pair. first, second: (N, 2) pixels."""

    pair: ImagePair
    first: np.ndarray
    second: np.ndarray


SIZES = (900, 610), (700, 760)


def _descriptors(count: int) -> np.ndarray:
    """One direction of its own for each point."""
    return np.linalg.qr(np.random.default_rng(5).normal(size=(count, count)))[0].astype(np.float32)


@pytest.fixture(scope="session")
def plane() -> World:
    """A homography with rotation, scale and perspective between images of different size and aspect ratio."""
    angle = np.radians(12.0)
    H = np.array(
        [[0.9 * np.cos(angle), -0.9 * np.sin(angle), 60.0], [0.9 * np.sin(angle), np.cos(angle), -20.0], [1e-4, 5e-5, 1.0]]
    )
    rng = np.random.default_rng(0)
    first = rng.uniform((330, 240), (570, 370), (60, 2))
    mapped = np.column_stack([first, np.ones(60)]) @ H.T
    images = [Picture(f"plane/{i}.png", size) for i, size in enumerate(SIZES)]
    return World(ImagePair("plane/0-1", "plane", *images, homography=H), first, mapped[:, :2] / mapped[:, 2:])


@pytest.fixture(scope="session")
def room() -> World:
    """Points in space before two different cameras."""
    cameras = Camera(*SIZES[0], 700.0, 690.0, 455.0, 300.0), Camera(*SIZES[1], 600.0, 610.0, 340.0, 385.0)
    motion = Pose(Rotation.from_euler("xyz", [3, -8, 5], degrees=True).as_matrix(), np.array([0.4, -0.1, 0.2]))
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-1, 1, (60, 2)), rng.uniform(3, 8, 60)])

    def seen(camera: Camera, points: np.ndarray) -> np.ndarray:
        projected = points @ camera.matrix.T
        return projected[:, :2] / projected[:, 2:]

    images = [Picture(f"room/{i}.png", size) for i, size in enumerate(SIZES)]
    truth = {"T_second_first": motion, "first_camera": cameras[0], "second_camera": cameras[1]}
    return World(
        ImagePair("room/0-1", "room", *images, **truth),
        seen(cameras[0], points),
        seen(cameras[1], points @ motion.rotation.T + motion.translation),
    )


@pytest.fixture
def features_file(tmp_path: Path) -> Callable[..., FeatureSource]:
    """Writes exact keypoints to a file, moved in the second image by an offset in pixels, and opens it."""

    def write(*worlds: World, offset: tuple[float, float] = (0, 0), name: str = "exact", described: bool = True) -> FeatureSource:
        with FeaturesWriter(tmp_path / f"{name}.h5") as writer:
            for world in worlds:
                for image, points in ((world.pair.first, world.first), (world.pair.second, world.second + offset)):
                    count = len(points)
                    descriptors = _descriptors(count)[:, : None if described else 0]
                    size = (image.read().shape[1], image.read().shape[0])
                    features = Features(
                        points.astype(np.float32), np.linspace(1, 0.5, count, dtype=np.float32), descriptors, size, name
                    )
                    writer.write(image.name, features)
        return Hdf5Features(tmp_path / f"{name}.h5", 1000)

    return write
