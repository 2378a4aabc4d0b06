"""How repeatable the keypoints of a network are on images that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from superpoint_ros.drawing import Picture, draw_features
from superpoint_ros.evaluation.metrics.repeatability import repeatability
from superpoint_ros.features.detector import heat_around, refine_keypoints, select_keypoints
from superpoint_ros.features.network import CELL, SuperPointNet, heatmap
from superpoint_ros.simulation.augmentation import augment
from superpoint_ros.simulation.homography import HomographyRange, random_homography
from superpoint_ros.types import DoubleArray, Features, FloatArray

VIEW = HomographyRange(rotation=30.0, scale=1.3, perspective=0.1, translation=0.1)
KEYPOINTS = 300
NMS_RADIUS = 4
MAX_ERROR = 3.0
"""Pixels. With 300 keypoints and this radius of suppression it is the protocol of the paper's table 3 (at 240x320)."""

MAX_SIZE = 320


@dataclass(frozen=True)
class View:
    """image and warped: (H, W) uint8. homography: from pixels of the one to pixels of the other."""

    image: NDArray[np.uint8]
    warped: NDArray[np.uint8]
    homography: DoubleArray


def held_out(count: int, wanted: int) -> list[int]:
    """Which of ``count`` images are not trained on: the wanted number, spread evenly, but never more than a tenth."""
    number = min(wanted, count // 10)
    return [(2 * n + 1) * count // (2 * number) for n in range(number)]


def random_views(images: Sequence[NDArray[np.uint8]], seed: int) -> list[View]:
    """Of each image, shrunk to 320 pixels, a view in other light. They depend on the images and the seed alone."""
    views = []
    for n, original in enumerate(images):
        scale = min(1.0, MAX_SIZE / max(original.shape))
        height, width = (int(side * scale) // CELL * CELL for side in original.shape)
        image = np.asarray(cv2.resize(original, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        rng = np.random.default_rng([seed, n])
        homography = random_homography(rng, height, width, VIEW)
        warped = cv2.warpPerspective(image, homography, (width, height), borderMode=cv2.BORDER_REFLECT)
        views.append(View(image, augment(rng, np.asarray(warped, np.uint8), strength=0.5), homography))
    return views


def measure(network: SuperPointNet, views: Sequence[View]) -> dict[str, float]:
    """Mean repeatability and localization error in pixels over the views. The network keeps its mode."""
    found = []
    for view in views:
        size = (view.image.shape[1], view.image.shape[0])
        first, second = (_keypoints(_response(network, image)) for image in (view.image, view.warped))
        found.append(repeatability(first, second, view.homography, size, size, MAX_ERROR))
    errors = [result.localization_error for result in found if result.share > 0.0]
    return {
        "repeatability": float(np.mean([result.share for result in found])),
        "localization_error": float(np.mean(errors)) if errors else float("nan"),
    }


def example_picture(network: SuperPointNet, view: View) -> Picture:
    """Both images with their keypoints above their heat maps."""
    columns = []
    for image in (view.image, view.warped):
        response = _response(network, image)
        points = _keypoints(response)
        scores = np.linspace(1.0, 0.0, len(points), dtype=np.float32)
        size = (image.shape[1], image.shape[0])
        features = Features(points, scores, np.zeros((len(points), 1), np.float32), size, "")
        # The square root shows weak responses, too.
        heat = cv2.applyColorMap(np.rint(255.0 * np.sqrt(np.clip(response, 0.0, 1.0))).astype(np.uint8), cv2.COLORMAP_INFERNO)
        columns.append(np.concatenate([draw_features(image, features), heat[:, :, ::-1]]))
    return np.concatenate(columns, axis=1)


@torch.inference_mode()
def _response(network: SuperPointNet, image: NDArray[np.uint8]) -> FloatArray:
    training = network.training
    device = next(network.parameters()).device
    batch = torch.from_numpy(image).to(device)[None, None].float() / 255.0
    logits, _ = network.eval()(batch.contiguous(memory_format=torch.channels_last))
    network.train(training)
    return np.asarray(heatmap(logits)[0].cpu().numpy())


def _keypoints(response: FloatArray) -> FloatArray:
    around = heat_around(response)
    pixels, _ = select_keypoints(around, max_keypoints=KEYPOINTS, threshold=0.0, nms_radius=NMS_RADIUS, border=NMS_RADIUS)
    return refine_keypoints(response, pixels)
