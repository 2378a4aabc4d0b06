"""Homographic Adaptation: pseudo ground truth for real images from a detector that saw only shapes (paper, section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from superpoint_ros.features.detector import refine_keypoints, select_keypoints
from superpoint_ros.features.network import CELL, SuperPointNet, heatmap
from superpoint_ros.training.homography import HomographyRange, random_homography
from superpoint_ros.types import DoubleArray, FloatArray


@dataclass(frozen=True)
class AdaptationConfig:
    """warps: random views beside the image itself. erosion: pixels dropped at the border of each view. Rest: selection of labels.

    min_views: pixels seen by a smaller share of the views have no label.
    """

    warps: int = 100
    erosion: int = 6
    threshold: float = 0.015
    nms_radius: int = 4
    border: int = 4
    max_keypoints: int = 600
    min_views: float = 0.15
    batch: int = 10
    seed: int = 0
    spread: HomographyRange = HomographyRange(rotation=90.0, scale=1.6, perspective=0.12, translation=0.12)


def adapted_heatmap(network: SuperPointNet, image: NDArray[np.uint8], config: AdaptationConfig) -> FloatArray:
    """Mean heat map (H, W) of the image and its random views; 0 where too few views saw the pixel.

    image: (H, W) uint8, sides multiples of 8. network: in evaluation mode.
    """
    height, width = image.shape
    rng = np.random.default_rng(config.seed)
    views = [np.eye(3)] + [random_homography(rng, height, width, config.spread) for _ in range(config.warps)]
    total = np.zeros((height, width), np.float32)
    count = np.zeros((height, width), np.float32)
    for start in range(0, len(views), config.batch):
        for response, seen in _view_responses(network, image, views[start : start + config.batch], config.erosion):
            total += response
            count += seen
    enough = count >= max(1.0, config.min_views * len(views))
    return np.where(enough, total / np.maximum(count, 1.0), 0.0).astype(np.float32)


def _view_responses(
    network: SuperPointNet, image: NDArray[np.uint8], views: list[DoubleArray], erosion: int
) -> list[tuple[FloatArray, FloatArray]]:
    """For each view the heat map and where it is valid, both brought back to the image."""
    height, width = image.shape
    warped = np.stack([cv2.warpPerspective(image, view, (width, height), borderMode=cv2.BORDER_REFLECT) for view in views])
    with torch.inference_mode():
        batch = (torch.from_numpy(warped)[:, None].float() / 255.0).contiguous(memory_format=torch.channels_last)
        maps = heatmap(network(batch)[0]).numpy()
    interior = np.zeros((height, width), np.float32)
    interior[erosion : height - erosion, erosion : width - erosion] = 1.0
    back = []
    for view, response in zip(views, maps, strict=True):
        inverse = np.linalg.inv(view)
        seen = cv2.warpPerspective(interior, inverse, (width, height), flags=cv2.INTER_NEAREST)
        # What the view shows beyond the image is a reflection: only what lies inside the image may count.
        seen *= interior
        back.append((cv2.warpPerspective(response, inverse, (width, height)) * seen, seen))
    return back


def label(network: SuperPointNet, image: NDArray[np.uint8], config: AdaptationConfig) -> FloatArray:
    """Pseudo ground truth of an (H, W) uint8 image: (N, 2) float32 positions in pixels, strongest first."""
    height, width = (side // CELL * CELL for side in image.shape)
    response = adapted_heatmap(network, image[:height, :width], config)
    pixels, _ = select_keypoints(
        response,
        max_keypoints=config.max_keypoints,
        threshold=config.threshold,
        nms_radius=config.nms_radius,
        border=config.border,
    )
    return refine_keypoints(response, pixels)
