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
    label,
    load_detector,
    shi_tomasi_detector,
    votes,
)

CONFIG = AdaptationConfig(warps=12)
STILL = HomographyRange(rotation=0.0, scale=1.0, perspective=0.0, translation=0.0)
UNLIT = {"light": 0.0, "degraded": 0.0}
GREY = np.full((96, 128), 127, np.uint8)


def test_labels_follow_a_shift_of_the_image():
    image = SimulatedSequence(frames=10, seed=5).frame(0).image
    left, right = image[:240, :320], image[:240, 16:336]
    first, second = (label(shi_tomasi_detector, part, CONFIG).corners for part in (left, right))
    shared = first[(first[:, 0] > 36) & (first[:, 0] < 300)] - [16, 0]
    distance = np.linalg.norm(shared[:, None] - second[None], axis=2).min(axis=1)
    assert len(shared) > 30
    assert np.mean(distance < 1.0) > 0.8


def test_flat_images_have_no_labels():
    assert len(label(shi_tomasi_detector, GREY, AdaptationConfig(warps=12, **UNLIT)).corners) == 0


def test_a_point_that_every_view_shows_is_found_where_it_is_and_is_certain():
    """A detector that finds the brightest blob, whatever the view."""
    image = np.zeros((96, 128), np.uint8)
    image[40:43, 70:73] = 255
    image = cv2.GaussianBlur(image, (0, 0), 1.0)

    def bright(images):
        return np.maximum(images.astype(np.float32) / 255.0 - 0.4, 0.0)

    points = label(bright, image, AdaptationConfig(warps=30, **UNLIT))
    assert np.allclose(points.corners, [[71, 41]], atol=0.2)
    assert points.confidence[0] > 0.9


def test_views_go_through_the_detector_in_batches():
    sizes = []

    def detect(images):
        sizes.append(images.shape)
        return shi_tomasi_detector(images)

    image = SimulatedSequence(frames=10, seed=5, size=(128, 96)).frame(0).image
    batched = label(detect, image, AdaptationConfig(warps=24, batch=10))
    assert sizes == [(10, 96, 128), (10, 96, 128), (5, 96, 128)]
    single = label(detect, image, AdaptationConfig(warps=24, batch=1))
    assert np.array_equal(single.corners, batched.corners)
    assert np.array_equal(single.confidence, batched.confidence)


def test_labels_of_the_network_do_not_depend_on_batches_and_threads(monkeypatch):
    """But for the rounding of sums, which decides whether a point is just among the best of a view."""
    image = SimulatedSequence(frames=10, seed=5, size=(160, 120)).frame(0).image
    found = []
    for batch, count in ((10, 1), (1, 1), (4, 2)):
        monkeypatch.setenv("OMP_NUM_THREADS", str(count))
        _, detector = load_detector("small")
        points = label(detector, image, AdaptationConfig(warps=7, batch=batch))
        found.append({tuple(corner) for corner in np.rint(points.corners[points.confidence > 0.3] * 10)})
    assert len(found[0]) > 20
    assert all(len(labels & found[0]) >= 0.9 * max(len(labels), len(found[0])) for labels in found)


def test_what_a_detector_finds_at_the_border_of_a_view_does_not_count():
    """Where the view ends, and where the image ends in it."""

    def at_the_border(images):
        response = np.zeros(images.shape, np.float32)
        response[:, 2::8, :] = response[:, :, 2::8] = 1.0
        response[:, 5:-5, 5:-5] = 0.0
        return response

    config = AdaptationConfig(warps=30, border=0, erosion=6, **UNLIT)
    assert (votes(at_the_border, GREY, config) == 0).all()
    assert (votes(at_the_border, GREY, AdaptationConfig(warps=30, border=0, erosion=0, **UNLIT)) > 0).any()


def test_pixels_that_few_views_see_count_by_those_views_alone():
    """Views that leave a corner of the image in the dark do not lower the share there."""
    spread = HomographyRange(rotation=0.0, scale=1.0, perspective=0.0, translation=0.3)
    image = GREY.copy()
    image[18, 20] = image[50, 64] = 255

    def bright(images):
        return (images > 140).astype(np.float32)

    points = label(bright, image, AdaptationConfig(warps=60, spread=spread, min_views=0.1, **UNLIT))
    assert np.allclose(points.corners[np.argsort(points.corners[:, 0])], [[20, 18], [64, 50]], atol=0.3)
    assert (points.confidence > 0.9).all()


def test_suppression_comes_after_the_count():
    """Two points five pixels apart, of which a view shows one or the other: both are labels. A broad one is one label."""
    turn = iter([0, 1] * 100)
    places = [(40, 60), (40, 65)]

    def one_of_two(images):
        response = np.zeros(images.shape, np.float32)
        for single in response:
            y, x = places[next(turn)]
            single[y, x] = 1.0
        return response

    config = AdaptationConfig(warps=19, nms_radius=4, spread=STILL, **UNLIT)
    assert {tuple(np.rint(point)) for point in label(one_of_two, GREY, config).corners} == {(60, 40), (65, 40)}

    def broad(images):
        response = np.zeros(images.shape, np.float32)
        response[:, 38:43, 58:63] = 1.0
        return response

    assert len(label(broad, GREY, config).corners) == 1


def test_confidence_is_the_share_of_views_that_show_the_point_less_where_it_moves():
    """One point that moves by a pixel from view to view, and one that only every fourth view shows."""
    views = iter(range(1000))

    def flickering(images):
        response = np.zeros(images.shape, np.float32)
        for single in response:
            n = next(views)
            single[40, 60 + n % 2] = 0.8
            single[40, 90] = 0.8 * (n % 4 == 0)
        return response

    points = label(flickering, GREY, AdaptationConfig(warps=39, spread=STILL, **UNLIT))
    assert np.allclose(points.confidence, [5 / 6, 0.25], atol=1e-3)
    assert np.allclose(points.corners, [[60.5, 40], [90, 40]], atol=0.01)


def test_what_is_only_among_the_last_of_a_view_counts_less():
    """Of eight keypoints of a view the best one has the whole vote, the last four a quarter."""

    def row(images):
        response = np.zeros(images.shape, np.float32)
        response[:, 40, 10:122:14] = np.linspace(1.0, 0.3, 8)
        return response

    points = label(row, GREY, AdaptationConfig(warps=9, pixels_per_keypoint=GREY.size // 8, spread=STILL, **UNLIT))
    assert np.allclose(points.confidence, [1.0, 0.75, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25], atol=1e-3)
    assert np.allclose(points.corners[:2], [[10, 40], [24, 40]], atol=0.01)


def test_labels_are_points_that_survive_bad_light():
    """A faint point is found in clean views and lost in noise; a strong one is found in both."""
    image = GREY.copy()
    image[40:43, 40:43], image[40:43, 80:83] = 255, 140

    def bright(images):
        blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in images]).astype(np.float32)
        return np.maximum(blurred - np.median(blurred, axis=(1, 2), keepdims=True), 0.0)

    few = {"pixels_per_keypoint": GREY.size // 4, "min_confidence": 0.0, "spread": STILL}

    def faint_confidence(**light):
        points = label(bright, image, AdaptationConfig(warps=39, **few, **light))
        return points.confidence[np.linalg.norm(points.corners - [81, 41], axis=1).argmin()]

    assert faint_confidence(**UNLIT) == pytest.approx(0.5, abs=1e-3)  # the second of four
    assert faint_confidence(light=1.0, degraded=0.5) < 0.35


def test_large_images_share_a_pass_with_fewer_others():
    passes = []

    def detect(images):
        passes.append(len(images))
        return np.zeros(images.shape, np.float32)

    for size, expected in (((480, 480), [10, 2]), ((960, 640), [3, 3, 3, 3]), ((2400, 2000), [1] * 12)):
        passes.clear()
        votes(detect, np.zeros(size, np.uint8), AdaptationConfig(warps=11, batch=10))
        assert passes == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("model", [None, "small"])
def test_a_device_that_is_not_there_is_refused(model):
    with pytest.raises(DeviceError, match="no CUDA GPU"):
        load_detector(model, "cuda")
