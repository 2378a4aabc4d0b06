"""Descriptors are sampled as PyTorch samples, at the right half pixel."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from superpoint_ros.features.descriptor import sample_descriptors


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("cells", [(1, 1), (2, 5), (9, 12)])
def test_sampling_agrees_with_grid_sample(interpolation: Literal["bicubic", "bilinear"], cells: tuple[int, int]) -> None:
    height, width = cells
    random = np.random.default_rng(0)
    coarse = random.standard_normal((24, height, width), np.float32)
    points = (random.random((300, 2)) * [8 * width, 8 * height] - 0.5).astype(np.float32)

    # With align_corners=False, -1 and 1 are the outer edges of the outer pixels, at -0.5 and 8 w - 0.5.
    grid = torch.from_numpy((points + 0.5) / [8 * width, 8 * height] * 2 - 1).float()[None, None]
    sampled = F.grid_sample(torch.from_numpy(coarse)[None], grid, interpolation, padding_mode="border", align_corners=False)
    expected = F.normalize(sampled[0, :, 0].T, dim=1).numpy()

    # The kernel's arguments differ in the last bits of float32, which a short vector magnifies.
    np.testing.assert_allclose(sample_descriptors(coarse, points, interpolation), expected, atol=1e-4)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_cell_centres_give_the_cell_itself(interpolation: Literal["bicubic", "bilinear"]) -> None:
    coarse = np.random.default_rng(0).standard_normal((16, 3, 4), np.float32)
    points = np.array([[3.5 + 8 * x, 3.5 + 8 * y] for y in range(3) for x in range(4)], np.float32)
    cells = coarse.reshape(16, -1).T
    expected = cells / np.linalg.norm(cells, axis=1, keepdims=True)
    np.testing.assert_allclose(sample_descriptors(coarse, points, interpolation), expected, atol=1e-6)


def test_descriptors_have_unit_length_and_need_no_special_strides() -> None:
    coarse = np.random.default_rng(0).standard_normal((5, 6, 16), np.float32)
    points = np.random.default_rng(1).random((40, 2), np.float32) * 40
    descriptors = sample_descriptors(coarse.transpose(2, 0, 1), points)
    assert descriptors.dtype == np.float32 and descriptors.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(descriptors, sample_descriptors(np.ascontiguousarray(coarse.transpose(2, 0, 1)), points))


def test_a_vanishing_descriptor_still_has_unit_length() -> None:
    descriptors = sample_descriptors(np.zeros((4, 2, 2), np.float32), np.array([[5, 5]], np.float32))
    assert np.linalg.norm(descriptors, axis=1).tolist() == [1.0]


def test_no_points_give_no_descriptors() -> None:
    assert sample_descriptors(np.ones((16, 2, 2), np.float32), np.zeros((0, 2), np.float32)).shape == (0, 16)
