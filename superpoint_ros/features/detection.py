"""From the heat map and the coarse descriptors of the network to keypoints with descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.descriptor import sample_descriptors
from superpoint_ros.features.detector import heat_around, refine_keypoints, select_keypoints
from superpoint_ros.types import BoolArray, FloatArray


@dataclass(frozen=True)
class Detections:
    """What the network found in one working image, best first.

    points: (N, 2) float32, x and y in pixels. scores: (N,) float32. descriptors: (N, D) float32 of unit length.
    """

    points: FloatArray
    scores: FloatArray
    descriptors: FloatArray


def detect(
    heatmap: FloatArray, coarse: FloatArray, size: tuple[int, int], config: ExtractorConfig, mask: BoolArray | None = None
) -> Detections:
    """Keypoints by suppression and sub-pixel refinement, and the descriptors there.

    heatmap: (8 h, 8 w), coarse: (D, h, w) float32, any strides. size: height and width of the working image; what the network
    saw beyond it is padding. mask: (height, width) bool, False where nothing is to be detected.
    """
    height, width = size
    heat = np.ascontiguousarray(heatmap[:height, :width])
    pixels, scores = select_keypoints(
        heat_around(heat),
        max_keypoints=config.max_keypoints,
        threshold=config.threshold,
        nms_radius=config.nms_radius,
        border=config.border,
        mask=mask,
    )
    points: FloatArray = refine_keypoints(heat, pixels) if config.subpixel else pixels.astype(np.float32)
    return Detections(points, scores, sample_descriptors(coarse, points, config.interpolation))


def detect_each(
    heatmaps: FloatArray, coarse: FloatArray, size: tuple[int, int], config: ExtractorConfig, masks: Sequence[BoolArray | None]
) -> list[Detections]:
    """``detect`` for each image of a batch: heatmaps (B, 8 h, 8 w), coarse (B, D, h, w), one mask (or None) for each."""
    return [detect(heat, one, size, config, mask) for heat, one, mask in zip(heatmaps, coarse, masks, strict=True)]
