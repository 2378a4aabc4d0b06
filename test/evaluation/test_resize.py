"""Coordinates, ground truth and intrinsics follow what is done to the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.feature_source import crop
from superpoint_ros.evaluation.feature_source import resize as shrink
from superpoint_ros.evaluation.resize import LoadedImage, Resize
from superpoint_ros.types import Camera


@dataclass(frozen=True)
class Picture:
    pixels: np.ndarray
    name: str = "picture"

    def read(self) -> np.ndarray:
        return self.pixels


RULES = [Resize(), Resize("long", (90,)), Resize("short", (90,)), Resize("short", (200,)), Resize("crop", (120, 90))]

SLOPE = np.array([0.61803, 0.28871])


@pytest.mark.parametrize("resize", RULES, ids=str)
@pytest.mark.parametrize("full", [(160, 120), (121, 173), (300, 111)])
def test_the_matrix_says_where_pixels_went(resize: Resize, full: tuple[int, int]) -> None:
    # A picture whose brightness is linear stays linear, so that it tells which place a pixel came from.
    width, height = full
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    image = Picture((SLOPE[0] * x + SLOPE[1] * y).round().astype(np.uint8))
    loaded = LoadedImage(image)
    assert loaded.full == full
    small = shrink(crop(loaded.read(), resize.box(full)), resize.size(full))
    assert (small.shape[1], small.shape[0]) == resize.size(full)
    rows, columns = np.mgrid[6 : small.shape[0] - 6, 6 : small.shape[1] - 6]
    places = np.column_stack([columns.ravel(), rows.ravel(), np.ones(rows.size)]) @ np.linalg.inv(resize.matrix(full)).T
    error = small[rows, columns].ravel() - places[:, :2] @ SLOPE
    # Rounding makes single values uncertain, but not their mean: half a pixel of the enlarged image would be an error of .2.
    assert abs(error.mean()) < 0.1
    assert np.abs(error).max() <= 1.1


@given(st.integers(20, 3000), st.integers(20, 3000), st.sampled_from(RULES))
@settings(deadline=None)
def test_sizes(width: int, height: int, resize: Resize) -> None:
    size = resize.size((width, height))
    if resize.rule == "long":
        assert max(size) == min(90, max(width, height))
    elif resize.rule == "short":
        assert min(size) == resize.target[0]
    else:
        assert size == ((width, height) if resize.rule == "full" else (120, 90))
    # The whole image, or its middle where it is cropped.
    corners = np.array([[-0.5, -0.5, 1.0], [width - 0.5, height - 0.5, 1.0]]) @ resize.matrix((width, height)).T
    off_centre = corners[:, :2].sum(axis=0) / 2 - (np.array(size) - 1) / 2
    assert np.abs(off_centre).max() <= 0.5 * max(1.0, *np.diag(resize.matrix((width, height)))) + 1e-9
    if resize.rule != "crop":
        assert corners[:, :2] == pytest.approx(np.array([[-0.5, -0.5], np.array(size) - 0.5]))


@pytest.mark.parametrize("resize", RULES, ids=str)
def test_a_ray_meets_the_same_place_through_the_new_intrinsics(resize: Resize) -> None:
    camera = Camera(160, 120, 130.0, 125.0, 81.0, 57.5)
    ray = np.array([0.2, -0.1, 1.0])
    smaller = resize.camera(camera)
    assert smaller.matrix @ ray == pytest.approx(resize.matrix((160, 120)) @ camera.matrix @ ray)
    assert (smaller.width, smaller.height) == resize.size((160, 120))


def test_half_the_size_puts_a_pixel_between_two() -> None:
    assert Resize("long", (50,)).matrix((100, 80)) @ [0.5, 2.5, 1.0] == pytest.approx([0.0, 1.0, 1.0])


def test_what_it_is_called_in_a_table() -> None:
    assert [str(rule) for rule in RULES] == ["full", "long side <= 90", "short side 90", "short side 200", "120x90, cropped"]
