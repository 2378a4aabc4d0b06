"""The test of detectors on rendered shapes."""

from dataclasses import dataclass

import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.evaluation.shapes import HEIGHT, WIDTH, evaluate_on_shapes, unseen_shape
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.simulation.synthetic_shapes import PRIMITIVES
from superpoint_ros.types import Features


@pytest.fixture(scope="module")
def images():
    return [unseen_shape(n, seed=3) for n in range(2 * len(PRIMITIVES))]


def test_every_primitive_has_its_turn_and_images_depend_on_their_number_only(images):
    assert [image.primitive for image in images] == 2 * list(PRIMITIVES)
    for n in (0, 13):
        again = unseen_shape(n, seed=3)
        assert np.array_equal(again.noisy, images[n].noisy)
        assert np.array_equal(again.corners, images[n].corners)
    assert not np.array_equal(unseen_shape(0, seed=4).clean, images[0].clean)
    assert all(image.clean.shape == image.noisy.shape == (HEIGHT, WIDTH) for image in images)
    assert all(not np.array_equal(image.clean, image.noisy) for image in images)


@dataclass
class Oracle:
    """Answers with the corners of the image that it knows, moved by so many pixels."""

    images: list
    shift: float
    model: str = "oracle"

    def extract(self, image, mask=None):
        corners = next(i.corners for i in self.images if image is i.clean or image is i.noisy)
        moved = corners + np.array([self.shift, 0], np.float32)
        scores = np.linspace(1, 0.5, len(corners), dtype=np.float32)
        return Features(moved, scores, np.zeros((len(corners), 0), np.float32), (WIDTH, HEIGHT), self.model)


def test_who_knows_the_corners_is_perfect_and_who_misses_them_is_not(images):
    perfect = evaluate_on_shapes(Oracle(images, 2.0), images)
    assert perfect.clean == perfect.noisy
    assert perfect.clean.average_precision == pytest.approx(1.0)
    assert perfect.clean.localization_error == pytest.approx(2.0, abs=1e-4)
    assert set(perfect.precision) == set(PRIMITIVES) - {"ellipses", "noise"}
    assert all(pair == pytest.approx((1.0, 1.0)) for pair in perfect.precision.values())
    assert evaluate_on_shapes(Oracle(images, 30.0), images).clean.average_precision < 0.1


def test_noise_harms_a_corner_detector(images):
    seen = []
    shi = load_extractor(ExtractorConfig(model="shi", threshold=0.0, border=0))
    result = evaluate_on_shapes(shi, images, on_image=lambda: seen.append(1))
    assert len(seen) == len(images)
    assert 0.2 < result.clean.average_precision < 1.0
    assert result.noisy.average_precision < 0.6 * result.clean.average_precision
