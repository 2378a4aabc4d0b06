"""Homographic adaptation: labels that survive a change of view."""

import cv2
import numpy as np
import pytest
import torch

from superpoint_ros.errors import DeviceError
from superpoint_ros.simulation.homography import HomographyRange
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import (
    AdaptationConfig,
    adapted_response,
    label,
    load_detector,
    shi_tomasi_detector,
)

CONFIG = AdaptationConfig(warps=12, threshold=0.06)


def test_labels_follow_a_shift_of_the_image():
    image = SimulatedSequence(frames=10, seed=5).frame(0).image
    left, right = image[:240, :320], image[:240, 16:336]
    first, second = (label(shi_tomasi_detector, part, CONFIG).corners for part in (left, right))
    shared = first[(first[:, 0] > 36) & (first[:, 0] < 300)] - [16, 0]
    distance = np.linalg.norm(shared[:, None] - second[None], axis=2).min(axis=1)
    assert len(shared) > 30
    assert np.mean(distance < 1.0) > 0.8


def test_response_does_not_bunch_at_the_border_and_is_zero_where_little_is_seen():
    grey = np.full((96, 128), 127, np.uint8)
    assert len(label(shi_tomasi_detector, grey, CONFIG).corners) == 0

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


def test_views_go_through_the_detector_in_batches():
    sizes = []

    def detect(images):
        sizes.append(images.shape)
        return shi_tomasi_detector(images)

    image = SimulatedSequence(frames=10, seed=5, size=(128, 96)).frame(0).image
    batched = label(detect, image, AdaptationConfig(warps=24, batch=10, threshold=0.06))
    assert sizes == [(10, 96, 128), (10, 96, 128), (5, 96, 128)]
    single = label(detect, image, AdaptationConfig(warps=24, batch=1, threshold=0.06))
    assert np.array_equal(single.corners, batched.corners)
    assert np.array_equal(single.confidence, batched.confidence)


def test_labels_of_the_network_do_not_depend_on_batches_and_threads():
    """But for the rounding of sums."""
    image = SimulatedSequence(frames=10, seed=5, size=(160, 120)).frame(0).image
    _, detector = load_detector("small")
    threads = torch.get_num_threads()
    found = []
    for batch, count in ((10, 1), (1, 1), (4, 2)):
        torch.set_num_threads(count)
        found.append(label(detector, image, AdaptationConfig(warps=7, batch=batch, threshold=0.015)).corners)
    torch.set_num_threads(threads)
    assert len(found[0]) > 20
    assert all(labels.shape == found[0].shape and np.allclose(labels, found[0], atol=1e-3) for labels in found)


def test_what_a_detector_finds_at_the_border_of_a_view_does_not_count():
    def at_the_border(images):
        response = np.ones(images.shape, np.float32)
        response[:, 5:-5, 5:-5] = 0.0
        return response

    image = np.full((96, 128), 127, np.uint8)
    assert (adapted_response(at_the_border, image, AdaptationConfig(warps=30, erosion=6)) == 0).all()
    assert (adapted_response(at_the_border, image, AdaptationConfig(warps=30, erosion=0)) > 0).any()


def test_pixels_that_few_views_see_count_by_those_views_alone():
    """Views that leave a corner of the image in the dark do not lower the mean there."""
    spread = HomographyRange(rotation=0.0, scale=1.0, perspective=0.0, translation=0.3)
    image = np.full((96, 128), 127, np.uint8)

    def everywhere(images):
        return np.full(images.shape, 0.5, np.float32)

    config = AdaptationConfig(warps=40, erosion=4, spread=spread, min_views=0.1)
    response = adapted_response(everywhere, image, config)
    assert np.allclose(response[6:-6, 6:-6], 0.5, atol=0.03)


def test_suppression_comes_after_the_mean():
    """Two blobs five pixels apart, of which a view shows one or the other: both are labels. A broad one is one label."""
    turn = iter([0, 1] * 100)
    places = [(40, 60), (40, 65)]

    def one_of_two(images):
        response = np.zeros(images.shape, np.float32)
        for single in response:
            y, x = places[next(turn)]
            single[y, x] = 1.0
        return cv2.GaussianBlur(response.transpose(1, 2, 0), (0, 0), 0.8).transpose(2, 0, 1).copy()

    still = HomographyRange(rotation=0.0, scale=1.0, perspective=0.0, translation=0.0)
    image = np.full((96, 128), 127, np.uint8)
    config = AdaptationConfig(warps=19, threshold=0.05, nms_radius=4, spread=still)
    assert {tuple(np.rint(point)) for point in label(one_of_two, image, config).corners} == {(60, 40), (65, 40)}

    def broad(images):
        response = np.zeros(images.shape, np.float32)
        response[:, 38:43, 58:63] = 1.0
        return response

    assert len(label(broad, image, config).corners) == 1


def test_confidence_is_the_share_of_views_that_show_the_point_wherever_in_its_window():
    """One blob that moves by a pixel from view to view, and one that only every fourth view shows."""
    views = iter(range(1000))

    def flickering(images):
        response = np.zeros(images.shape, np.float32)
        for single in response:
            n = next(views)
            single[40, 60 + n % 2] = 0.8
            single[40, 90] = 0.8 * (n % 4 == 0)
        return response

    still = HomographyRange(rotation=0.0, scale=1.0, perspective=0.0, translation=0.0)
    points = label(flickering, np.full((96, 128), 127, np.uint8), AdaptationConfig(warps=39, threshold=0.05, spread=still))
    assert np.allclose(points.confidence, [0.8, 0.2], atol=1e-3)
    assert np.allclose(points.corners, [[60.5, 40], [90, 40]], atol=0.01)


def test_large_images_share_a_pass_with_fewer_others():
    passes = []

    def detect(images):
        passes.append(len(images))
        return np.zeros(images.shape, np.float32)

    for size, expected in (((480, 480), [10, 2]), ((960, 640), [3, 3, 3, 3]), ((2400, 2000), [1] * 12)):
        passes.clear()
        adapted_response(detect, np.zeros(size, np.uint8), AdaptationConfig(warps=11, batch=10))
        assert passes == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("model", [None, "small"])
def test_a_device_that_is_not_there_is_refused(model):
    with pytest.raises(DeviceError, match="no CUDA GPU"):
        load_detector(model, "cuda")
