"""The measure of labels: known answers for a perfect and a blind detector."""

import numpy as np
import pytest

from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, shi_tomasi_detector
from superpoint_ros.training.label_check import label_agreement


@pytest.fixture(scope="module")
def images():
    return [SimulatedSequence(frames=3, seed=n, size=(320, 240)).frame(0).image for n in range(3)]


def test_corners_of_the_image_are_found_again_and_random_points_are_not(images):
    config = AdaptationConfig(warps=8, max_keypoints=200)
    corners = label_agreement(images, shi_tomasi_detector, config)

    def noise(batch):
        return np.random.default_rng(int(batch.sum()) % 1000).random(batch.shape, np.float32)

    blind = label_agreement(images, noise, AdaptationConfig(warps=0, max_keypoints=200, pixels_per_keypoint=200))
    assert corners.images == blind.images == 3
    assert corners.within_1 > 0.5
    assert corners.within_3 > 0.7
    # 200 random points: the nearest lies within r with probability 1 - exp(-200 pi r^2 / area).
    chance = 1 - np.exp(-200 * np.pi / images[0].size)
    assert blind.within_1 == pytest.approx(chance, abs=0.03)


def test_nothing_to_compare():
    def nothing(batch):
        return np.zeros(batch.shape, np.float32)

    flat = label_agreement([np.full((96, 128), 90, np.uint8)], nothing, AdaptationConfig(warps=2))
    assert (flat.images, flat.points, flat.within_1) == (1, 0.0, 0.0)
