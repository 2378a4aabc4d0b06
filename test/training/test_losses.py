"""Losses: known values, and gradients that go the right way."""

import math

import pytest
import torch
from torch.nn import functional as F

from superpoint_ros.features.network import heatmap
from superpoint_ros.training.losses import contrastive_loss, detector_loss, sample_descriptors


def test_detector_loss_of_an_undecided_network_is_log_65():
    target = torch.zeros(2, 24, 32)
    target[:, ::8, ::8] = torch.rand(2, 3, 4)
    assert detector_loss(torch.zeros(2, 65, 3, 4), target).item() == pytest.approx(math.log(65), abs=1e-5)


def test_detector_loss_ignores_invalid_cells():
    logits = torch.randn(1, 65, 2, 2)
    target = torch.zeros(1, 16, 16)
    target[0, 3, 5] = 1.0
    valid = torch.tensor([[[True, False], [False, False]]])
    expected = F.cross_entropy(logits[:, :, 0, 0], torch.tensor([3 * 8 + 5]))
    assert detector_loss(logits, target, valid).item() == pytest.approx(expected.item(), abs=1e-6)
    assert detector_loss(logits, target, torch.zeros_like(valid)).item() == 0.0


def test_detector_loss_is_least_where_the_heat_map_is_the_target():
    target = 0.015 * torch.rand(1, 16, 24)
    pixels = F.pixel_unshuffle(target[:, None], 8)
    wanted = torch.cat([pixels, 1 - pixels.sum(1, keepdim=True)], 1)
    logits = wanted.log().requires_grad_()
    assert torch.allclose(heatmap(logits), target, atol=1e-6)
    loss = detector_loss(logits, target)
    loss.backward()
    assert loss.item() == pytest.approx(-(wanted * wanted.log()).sum(1).mean().item(), abs=1e-5)
    assert logits.grad.abs().max() < 1e-6


def test_sampling_at_a_cell_centre_gives_the_descriptor_of_the_cell():
    raw = torch.randn(1, 5, 4, 6)
    points = torch.tensor([[[3.5, 3.5], [8 * 4 + 3.5, 8 * 2 + 3.5]]])
    expected = F.normalize(torch.stack([raw[0, :, 0, 0], raw[0, :, 2, 4]]), dim=1)
    assert torch.allclose(sample_descriptors(raw, points)[0], expected, atol=1e-5)


def test_contrastive_loss_is_small_for_distinct_pairs_and_large_for_swapped_ones():
    descriptors = torch.eye(6)[None]
    valid = torch.ones(1, 6, dtype=torch.bool)
    right = contrastive_loss(descriptors, descriptors, valid, 0.06)
    wrong = contrastive_loss(descriptors, descriptors.flip(1), valid, 0.06)
    assert right.loss < 1e-4 < 10 < wrong.loss
    assert right.positive_similarity == 1.0
    assert right.negative_similarity == 0.0


def test_contrastive_loss_does_not_see_invalid_points():
    first, second = F.normalize(torch.randn(2, 1, 8, 16), dim=-1)
    valid = torch.arange(8)[None] < 5
    full = contrastive_loss(first, second, valid, 0.1)
    cut = contrastive_loss(first[:, :5], second[:, :5], valid[:, :5], 0.1)
    assert full.loss.item() == pytest.approx(cut.loss.item(), abs=1e-5)
    assert full.negative_similarity.item() == pytest.approx(cut.negative_similarity.item(), abs=1e-5)
