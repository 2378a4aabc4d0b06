"""What a GPU does in place is what NumPy does: the same keypoints in the same order, and the same descriptors.

The code is the same on any device; here it runs on the CPU.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features import detector
from superpoint_ros.features.backends.torch_detection import detect_batch, heat_around, select_pixels
from superpoint_ros.features.detection import detect
from superpoint_ros.features.network import heatmap

SIZE = (45, 60)


def outputs(batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return heatmap(3 * torch.randn(batch, 65, 6, 8)), torch.randn(batch, 16, 6, 8)


def assert_same(heat: torch.Tensor, coarse: torch.Tensor, config: ExtractorConfig, masks: np.ndarray | None = None) -> int:
    on_device = detect_batch(heat, coarse, SIZE, config, None if masks is None else torch.from_numpy(masks))
    assert len(on_device) == len(heat)
    for index, found in enumerate(on_device):
        mask = None if masks is None else masks[index]
        expected = detect(heat[index].numpy(), coarse[index].numpy(), SIZE, config, mask)
        np.testing.assert_allclose(found.points, expected.points, atol=1e-4)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)
        np.testing.assert_allclose(found.descriptors, expected.descriptors, atol=1e-5)
    return sum(map(len, (found.points for found in on_device)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"nms_radius": 0, "max_keypoints": 20000},
        {"nms_radius": 9, "threshold": 0.0},
        {"max_keypoints": 7},
        {"border": 0, "threshold": 0.2},
        {"subpixel": False, "border": 11},
        {"interpolation": "bilinear", "threshold": 0.0, "border": 0},
    ],
)
def test_detections_are_those_on_arrays(settings: dict) -> None:
    assert assert_same(*outputs(), ExtractorConfig(**settings)) >= 15


def test_masks_are_those_of_their_images() -> None:
    masks = np.ones((3, *SIZE), bool)
    masks[0, 10:30, 20:50] = False
    masks[2] = False
    config = ExtractorConfig(threshold=0.0)
    heat, coarse = outputs()
    count = assert_same(heat, coarse, config, masks)
    assert 0 < count < assert_same(heat, coarse, config)
    assert len(detect_batch(heat, coarse, SIZE, config, torch.from_numpy(masks))[2].points) == 0


def test_heat_around_is_that_on_arrays() -> None:
    heat, _ = outputs()
    for one, around in zip(heat.numpy(), heat_around(heat).numpy(), strict=True):
        np.testing.assert_allclose(around, detector.heat_around(one), atol=1e-6)


def test_plateaus_and_equal_scores_are_settled_in_the_same_order() -> None:
    config = ExtractorConfig(border=0, threshold=0.01)
    heat = torch.full((1, *SIZE), 1 / 65)
    heat[0, 20:30, 5:40] = 0.5
    pixels, scores = select_pixels(heat, config, None)
    settings = {"max_keypoints": config.max_keypoints, "threshold": config.threshold, "nms_radius": config.nms_radius}
    expected, _ = detector.select_keypoints(heat[0].numpy(), **settings)
    found = pixels[0, scores[0] >= 0].numpy()
    assert len(found) > 30
    np.testing.assert_array_equal(np.stack([found % SIZE[1], found // SIZE[1]], axis=1), expected)


def test_nothing_found_is_no_trouble() -> None:
    _, coarse = outputs(1)
    assert assert_same(torch.zeros(1, 48, 64), coarse, ExtractorConfig()) == 0
