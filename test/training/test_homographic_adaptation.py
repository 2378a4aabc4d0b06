"""Homographic adaptation: labels that survive a change of view."""

import numpy as np

from superpoint_ros.simulation.homography import HomographyRange
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, adapted_response, label, shi_tomasi_detector

CONFIG = AdaptationConfig(warps=12, threshold=0.06)


def test_labels_follow_a_shift_of_the_image():
    image = SimulatedSequence(frames=10, seed=5).frame(0).image
    left, right = image[:240, :320], image[:240, 16:336]
    first, second = label(shi_tomasi_detector, left, CONFIG), label(shi_tomasi_detector, right, CONFIG)
    shared = first[(first[:, 0] > 36) & (first[:, 0] < 300)] - [16, 0]
    distance = np.linalg.norm(shared[:, None] - second[None], axis=2).min(axis=1)
    assert len(shared) > 30
    assert np.mean(distance < 1.0) > 0.8


def test_response_does_not_bunch_at_the_border_and_is_zero_where_little_is_seen():
    grey = np.full((96, 128), 127, np.uint8)
    assert len(label(shi_tomasi_detector, grey, CONFIG)) == 0

    def everywhere(images):
        return np.ones(images.shape, np.float32)

    config = AdaptationConfig(warps=20, erosion=6, spread=HomographyRange(rotation=30.0))
    response = adapted_response(everywhere, grey, config)
    assert np.allclose(response[20:-20, 20:-20], 1.0, atol=0.05)
    assert (response[:6] == 0).all()
    assert (response <= 1.0 + 1e-5).all()


def test_detector_that_answers_to_one_pixel_is_brought_back_to_it():
    """A detector that finds the brightest blob: its mean response peaks where the blob is, whatever the view."""
    image = np.zeros((96, 128), np.uint8)
    image[40:43, 70:73] = 255

    def bright(images):
        return images.astype(np.float32) / 255.0

    response = adapted_response(bright, image, AdaptationConfig(warps=30))
    y, x = np.unravel_index(response.argmax(), response.shape)
    assert (x, y) == (71, 41)
