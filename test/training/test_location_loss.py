"""Keypoints of two views: how far apart, with gradients that bring them together."""

import pytest
import torch
from torch.nn import functional as F

from superpoint_ros.features.network import CELL
from superpoint_ros.training.location_loss import location_loss

HEIGHT, WIDTH = 64, 96
POINTS = torch.tensor([[20, 20], [60, 28], [44, 44], [76, 51]])
SHIFT = torch.tensor([[[1.0, 0.0, 5.0], [0.0, 1.0, -3.0], [0.0, 0.0, 1.0]]])


def logits(points, heat=12.0):
    """(1, 65, H/8, W/8) with a peak at each point (N, 2) of whole pixels."""
    image = torch.zeros(HEIGHT, WIDTH)
    image[points[:, 1], points[:, 0]] = heat
    cells = F.pixel_unshuffle(image[None], CELL)
    dustbin = torch.full((1, *cells.shape[1:]), heat / 2)
    return torch.cat([cells, dustbin])[None]


def everywhere():
    return torch.ones(2, HEIGHT // CELL, WIDTH // CELL, dtype=torch.bool)


def loss(first, second, homography=SHIFT, valid=None, keypoints=4):
    return location_loss(torch.cat([first, second]), homography, everywhere() if valid is None else valid, keypoints)


def test_points_that_the_homography_joins_are_at_no_distance():
    found = loss(logits(POINTS), logits(POINTS + torch.tensor([5, -3])))
    assert 0.0 < found < 0.05


def test_distance_is_in_pixels():
    found = loss(logits(POINTS), logits(POINTS + torch.tensor([7, -3])))
    assert found.item() == pytest.approx(2.0, abs=0.05)


def test_points_further_than_three_pixels_are_not_the_same():
    first = logits(POINTS).requires_grad_()
    found = loss(first, logits(POINTS + torch.tensor([9, -3])))
    assert found == 0.0
    found.backward()
    assert (first.grad == 0).all()


def test_cells_that_do_not_count_have_no_keypoints():
    valid = everywhere()
    valid[1, : 32 // CELL] = False
    # The upper two are two pixels off.
    off = POINTS + torch.tensor([[7, -3], [7, -3], [5, -3], [5, -3]])
    assert loss(logits(POINTS), logits(off)).item() == pytest.approx(1.0, abs=0.05)
    assert loss(logits(POINTS), logits(off), valid=valid) < 0.05


def test_points_that_a_homography_sends_to_infinity_are_harmless():
    homography = torch.eye(3)[None].clone()
    homography[0, 2] = torch.tensor([-0.05, 0.0, 1.0])  # w = 0 at x = 20, and below it beyond
    first = logits(POINTS).requires_grad_()
    found = loss(first, logits(POINTS), homography)
    found.backward()
    assert torch.isfinite(found)
    assert torch.isfinite(first.grad).all()


def test_steps_against_the_gradient_bring_the_views_together():
    first = logits(POINTS, 6.0).requires_grad_()
    second = logits(POINTS + torch.tensor([6, -3]), 6.0).requires_grad_()
    optimizer = torch.optim.Adam([first, second], lr=0.1)
    distances = []
    for _ in range(60):
        found = loss(first, second)
        distances.append(found.item())
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
    assert distances[0] > 0.8
    assert distances[-1] < 0.2
