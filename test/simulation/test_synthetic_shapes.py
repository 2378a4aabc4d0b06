"""Synthetic shapes: labels where corners are seen, and nowhere else."""

import cv2
import numpy as np
import pytest

from superpoint_ros.simulation.synthetic_shapes import PRIMITIVES, render

WITH_CORNERS = sorted(set(PRIMITIVES) - {"ellipses", "noise"})


@pytest.mark.parametrize("primitive", sorted(PRIMITIVES))
def test_same_seed_gives_same_image(primitive):
    first, second = (render(np.random.default_rng(7), 96, 128, primitive) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.corners, second.corners)
    assert not np.array_equal(first.image, render(np.random.default_rng(8), 96, 128, primitive).image)


@pytest.mark.parametrize("primitive", WITH_CORNERS)
def test_image_changes_in_two_directions_at_corners(primitive):
    rng = np.random.default_rng(3)
    at_corners, elsewhere = [], []
    for _ in range(20):
        shapes = render(rng, 120, 160, primitive)
        response = cv2.dilate(cv2.cornerMinEigenVal(shapes.image, 5), np.ones((5, 5)))
        x, y = np.rint(shapes.corners).astype(int).T
        at_corners += list(response[y, x])
        elsewhere.append(np.median(response))
    assert len(at_corners) > 30
    assert np.quantile(at_corners, 0.1) > 3 * np.mean(elsewhere)


@pytest.mark.parametrize("primitive", ["ellipses", "noise"])
def test_negatives_have_no_corners(primitive):
    rng = np.random.default_rng(0)
    assert all(len(render(rng, 96, 128, primitive).corners) == 0 for _ in range(20))


def test_corners_lie_inside_and_covered_corners_are_dropped():
    rng = np.random.default_rng(1)
    for _ in range(200):
        shapes = render(rng, 120, 160)
        assert shapes.image.shape == (120, 160)
        assert (shapes.corners >= 0).all()
        assert (shapes.corners <= [159, 119]).all()
    # A corner that a later polygon covers lies on flat grey: the image does not change around it.
    flat = 0
    for _ in range(200):
        shapes = render(rng, 120, 160, "polygons")
        for x, y in np.rint(shapes.corners).astype(int):
            window = shapes.image[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
            flat += np.ptp(window.astype(int)) < 8
    assert flat == 0
