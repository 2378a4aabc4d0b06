"""Synthetic shapes: labels where corners are seen, and nowhere else."""

import cv2
import numpy as np
import pytest

from superpoint_ros.simulation.shape_canvas import Canvas, crossings
from superpoint_ros.simulation.synthetic_shapes import PRIMITIVES, render

WITH_CORNERS = sorted(set(PRIMITIVES) - {"ellipses", "noise"})
FILLED = sorted(set(WITH_CORNERS) - {"lines", "star"})
RADIUS = 3


@pytest.mark.parametrize("primitive", sorted(PRIMITIVES))
def test_same_seed_gives_same_image(primitive):
    first, second = (render(np.random.default_rng(7), 96, 128, primitive) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.corners, second.corners)
    assert not np.array_equal(first.image, render(np.random.default_rng(8), 96, 128, primitive).image)


@pytest.fixture(scope="module")
def straightness():
    """How far (RMS, in grey levels) 7x7 windows are from the best of many straight edges on a sloping ground."""
    y, x = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1].reshape(2, -1)
    bases = []
    for angle in np.linspace(0, np.pi, 48, endpoint=False):
        for offset in np.arange(-4.5, 4.6, 0.25):
            step = np.clip(x * np.cos(angle) + y * np.sin(angle) - offset + 0.5, 0, 1)
            bases.append(np.linalg.qr(np.stack([np.ones(x.size), x, y, step + 1e-9 * x * y], 1))[0])
    basis = np.array(bases)

    def residual(image, points):
        windows = np.array([image[v - RADIUS : v + RADIUS + 1, u - RADIUS : u + RADIUS + 1].ravel() for u, v in points], float)
        windows -= windows.mean(axis=1, keepdims=True)
        explained = (np.einsum("mpk,np->nmk", basis, windows) ** 2).sum(axis=2).max(axis=1)
        return np.sqrt(np.maximum((windows**2).sum(axis=1) - explained, 0) / x.size)

    return residual


def interior(points, image):
    height, width = image.shape
    pixels = np.rint(points).astype(int)
    limits = [width - 1 - RADIUS, height - 1 - RADIUS]
    return pixels[((pixels >= RADIUS) & (pixels <= limits)).all(axis=1)]


@pytest.mark.parametrize("primitive", WITH_CORNERS)
def test_no_straight_edge_and_no_flat_ground_is_labelled(primitive, straightness):
    rng = np.random.default_rng(3)
    residuals = []
    for _ in range(40):
        shapes = render(rng, 120, 160, primitive)
        residuals += list(straightness(shapes.image, interior(shapes.corners, shapes.image)))
    assert len(residuals) > 70
    # The centre of a star of thick lines can be wider than the window.
    assert np.mean(np.array(residuals) < 1.0) <= (0.02 if primitive == "star" else 0.0)
    assert np.median(residuals) > 5.0


@pytest.mark.parametrize("primitive", FILLED)
def test_every_visible_corner_is_labelled(primitive, straightness):
    """Where a corner filter answers most, far from all labels, there is a straight edge nevertheless."""
    rng = np.random.default_rng(4)
    missing = corners = 0
    for _ in range(100):
        shapes = render(rng, 120, 160, primitive)
        response = cv2.cornerHarris(cv2.GaussianBlur(shapes.image, (0, 0), 1.0).astype(np.float32), 5, 3, 0.04)
        peaks = (response == cv2.dilate(response, np.ones((9, 9)))) & (response > 20)
        points = interior(np.argwhere(peaks)[:, ::-1], shapes.image)
        points = points[(np.abs(points[:, None] - shapes.corners[None]) > 5).any(axis=2).all(axis=1)]
        if len(points):
            missing += (straightness(shapes.image, points) > 6.0).sum()
        corners += len(shapes.corners)
    assert corners > 500
    assert missing < 0.03 * corners


@pytest.mark.parametrize("primitive", ["ellipses", "noise"])
def test_negatives_have_no_corners(primitive):
    rng = np.random.default_rng(0)
    assert all(len(render(rng, 96, 128, primitive).corners) == 0 for _ in range(20))


def test_corners_lie_inside_and_apart():
    rng = np.random.default_rng(1)
    for _ in range(200):
        shapes = render(rng, 120, 160)
        assert shapes.image.shape == (120, 160)
        assert (shapes.corners >= 0).all()
        assert (shapes.corners <= [159, 119]).all()
        between = np.abs(shapes.corners[:, None] - shapes.corners[None]).max(axis=2)
        assert (between[~np.eye(len(between), dtype=bool)] > 4.0).all()


SQUARE = np.array([[30, 30], [70, 30], [70, 70], [30, 70]], np.float32)


@pytest.fixture
def canvas():
    canvas = Canvas(np.random.default_rng(0), 120, 160)
    canvas.image[:] = 100
    return canvas


def drawn(canvas, *polygons):
    """Corners of polygons that are filled one over the other, each given with its grey."""
    others = []
    for polygon, grey in polygons:
        canvas.fill(polygon, grey)
        canvas.add_corners(polygon)
        canvas.add_corners(crossings(polygon, others))
        others.append(polygon)
    return {tuple(corner) for corner in canvas.visible_corners().tolist()}


def test_covered_corner_is_dropped_and_the_crossings_of_its_edges_are_corners(canvas):
    found = drawn(canvas, (SQUARE, 200), (SQUARE + 20, 50))
    assert found == {(30, 30), (70, 30), (30, 70), (70, 50), (50, 70), (50, 50), (90, 50), (90, 90), (50, 90)}


def test_corner_of_equal_greys_is_dropped(canvas):
    assert drawn(canvas, (SQUARE, 200), (SQUARE + 20, 200)) == {
        (30, 30), (70, 30), (30, 70), (70, 50), (50, 70), (90, 50), (90, 90), (50, 90),
    }  # fmt: skip
    assert drawn(canvas, (SQUARE + np.array([60, 0]), 102)).isdisjoint({(90, 30), (130, 30)})


def test_crossing_with_an_edge_that_was_covered_before_is_no_corner(canvas):
    cover = np.array([[10, 10], [150, 10], [150, 110], [10, 110]], np.float32)
    found = drawn(canvas, (SQUARE, 200), (cover, 150), (SQUARE + 20, 50))
    assert found == {tuple(corner) for corner in [*cover.tolist(), *(SQUARE + 20).tolist()]}


def test_grey_stands_out_from_all_that_it_touches(canvas):
    canvas.image[:60] = 30
    canvas.image[60:, :80] = 128
    for _ in range(50):
        points = canvas.rng.uniform(0, [160, 120], (40, 2)).astype(np.float32)
        grey = canvas.grey_against(points, 220)
        assert min(abs(grey - other) for other in (30, 100, 128, 220)) >= 23
