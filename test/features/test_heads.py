"""The heads on arrays are those of the network, in whatever order a backend's memory has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from superpoint_ros.features import network
from superpoint_ros.features.heads import by_cell, heatmap


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_heat_map_is_that_of_the_network(memory_format: torch.memory_format) -> None:
    logits = (5 * torch.randn(2, 65, 6, 9)).contiguous(memory_format=memory_format)
    heat = heatmap(logits.numpy())
    assert heat.shape == (2, 48, 72) and heat.dtype == np.float32 and heat.flags.c_contiguous
    np.testing.assert_allclose(heat, network.heatmap(logits).numpy(), atol=1e-6)


def test_large_logits_do_not_overflow() -> None:
    logits = np.full((1, 65, 1, 1), -1000.0, np.float32)
    logits[0, [9, 64]] = 1000.0
    assert heatmap(logits)[0, 1, 1] == pytest.approx(0.5) and heatmap(logits).sum() == pytest.approx(0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_cells_that_are_not_finite_have_no_keypoints(value: float) -> None:
    logits = np.zeros((1, 65, 2, 2), np.float32)
    logits[0, 7, 1, 0] = value
    (heat,) = heatmap(logits)
    assert (heat[8:, :8] == 0).all()
    np.testing.assert_allclose(heat[:8], 1 / 65, rtol=1e-6)
    np.testing.assert_allclose(heat[:, 8:], 1 / 65, rtol=1e-6)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_cells_have_their_channels_together(memory_format: torch.memory_format) -> None:
    head = torch.randn(1, 5, 3, 4).contiguous(memory_format=memory_format)[0].numpy()
    cells = by_cell(head)
    assert cells.shape == (12, 5)
    np.testing.assert_array_equal(cells[7], head[:, 1, 3])
