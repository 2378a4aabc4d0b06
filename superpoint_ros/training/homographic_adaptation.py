"""Homographic Adaptation: pseudo ground truth for real images from a detector that saw only shapes (paper, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from superpoint_ros.features.backends.torch_backend import select_device
from superpoint_ros.features.detector import refine_keypoints, select_keypoints
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import CELL, SuperPointNet, heatmap
from superpoint_ros.features.weights import load_weights
from superpoint_ros.simulation.homography import HomographyRange, random_homography
from superpoint_ros.training.labels import InterestPoints
from superpoint_ros.types import DoubleArray, FloatArray

Detector = Callable[[NDArray[np.uint8]], FloatArray]
"""Images (B, H, W) uint8, sides multiples of 8 → responses (B, H, W) float32, not negative, high at interest points."""


def network_detector(network: SuperPointNet) -> Detector:
    """The heat map of a network in evaluation mode, computed where its weights are."""
    device = next(network.parameters()).device

    @torch.inference_mode()
    def detect(images: NDArray[np.uint8]) -> FloatArray:
        batch = torch.from_numpy(images).to(device)[:, None].float() / 255.0
        return np.asarray(heatmap(network(batch.contiguous(memory_format=torch.channels_last))[0]).cpu().numpy())

    return detect


def load_detector(model: str | None, device: str = "cpu") -> tuple[str, Detector]:
    """The detector of a shipped model or weights file on a device, or Shi-Tomasi, on the CPU, for None; with its name.

    device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. Raises WeightsError, DeviceError.
    """
    target = select_device(device)
    if model is None:
        return "shi-tomasi", shi_tomasi_detector
    weights = load_weights(weights_path(model))
    network = SuperPointNet(weights.architecture)
    network.load_state_dict(weights.tensors)
    return weights.model, network_detector(network.eval().to(target))


_MOST_PIXELS = 10 * 480 * 480
"""Of all images in one pass of the network, whose feature maps are what fills the memory: 64 floats a pixel in `full`."""

_LOCAL_SIGMA = 12.0
_FLAT = 6.0
"""Grey levels: where the local contrast is far below this, a response is noise."""


def shi_tomasi_detector(images: NDArray[np.uint8]) -> FloatArray:
    """Root of the smaller eigenvalue of the structure tensor (Shi and Tomasi 1994), relative to the contrast around it.

    A network that is trained on any brightness and contrast cannot learn labels that are chosen by absolute contrast.
    """
    responses = np.empty(images.shape, np.float32)
    for image, response in zip(images, responses, strict=True):
        grey = image.astype(np.float32)
        smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
        x, y = (cv2.Scharr(smooth, cv2.CV_32F, *order) / 32.0 for order in ((1, 0), (0, 1)))
        xx, xy, yy = (cv2.GaussianBlur(product, (0, 0), 1.2) for product in (x * x, x * y, y * y))
        corner = np.sqrt(np.maximum((xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2), 0.0))
        mean, square = (cv2.GaussianBlur(values, (0, 0), _LOCAL_SIGMA) for values in (grey, grey * grey))
        response[:] = corner / (np.sqrt(np.maximum(square - mean * mean, 0.0)) + _FLAT)
    return responses


_FOUND = 5
"""Pixels: side of the window in which a response counts as one of the point in its middle."""


@dataclass(frozen=True)
class AdaptationConfig:
    """warps: random views beside the image itself. erosion: pixels dropped at the border of each view. Rest: selection of labels.

    min_views: pixels seen by a smaller share of the views have no label. batch: at most so many views in one pass of the network,
    fewer of large images; labels do not depend on it. spread: of the views.
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


def adapted_response(detector: Detector, image: NDArray[np.uint8], config: AdaptationConfig) -> FloatArray:
    """Mean response (H, W) of the detector on the image and its random views; 0 where too few views saw the pixel.

    image: (H, W) uint8, sides multiples of 8.
    """
    height, width = image.shape
    rng = np.random.default_rng(config.seed)
    views = [np.eye(3)] + [random_homography(rng, height, width, config.spread) for _ in range(config.warps)]
    total = np.zeros((height, width), np.float32)
    count = np.zeros((height, width), np.float32)
    at_once = max(1, min(config.batch, _MOST_PIXELS // image.size))
    for start in range(0, len(views), at_once):
        for response, seen in _view_responses(detector, image, views[start : start + at_once], config.erosion):
            total += response
            count += seen
    enough = count >= max(1.0, config.min_views * len(views))
    return np.where(enough, total / np.maximum(count, 1.0), 0.0).astype(np.float32)


def _view_responses(
    detector: Detector, image: NDArray[np.uint8], views: list[DoubleArray], erosion: int
) -> list[tuple[FloatArray, FloatArray]]:
    """For each view the response and where it is valid, both brought back to the image."""
    height, width = image.shape
    size = (width, height)
    warped = np.array([cv2.warpPerspective(image, view, size, borderMode=cv2.BORDER_REFLECT) for view in views], np.uint8)
    interior = np.zeros((height, width), np.float32)
    interior[erosion : height - erosion, erosion : width - erosion] = 1.0
    back = []
    for view, response in zip(views, detector(warped), strict=True):
        inverse = np.linalg.inv(view)
        # What the view shows beyond the image is a reflection: only what lies inside the image may count.
        seen = np.asarray(cv2.warpPerspective(interior, inverse, size, flags=cv2.INTER_NEAREST) * interior, np.float32)
        back.append((np.asarray(cv2.warpPerspective(response, inverse, size) * seen, np.float32), seen))
    return back


def label_here(
    images: Iterable[NDArray[np.uint8]], detector: Detector, config: AdaptationConfig
) -> Iterator[tuple[NDArray[np.uint8], InterestPoints]]:
    """Each image with its labels, one after the other in this process."""
    return ((image, label(detector, image, config)) for image in images)


def label(detector: Detector, image: NDArray[np.uint8], config: AdaptationConfig) -> InterestPoints:
    """Pseudo ground truth of an (H, W) uint8 image, strongest first."""
    height, width = (side // CELL * CELL for side in image.shape)
    response = adapted_response(detector, image[:height, :width], config)
    pixels, _ = select_keypoints(
        response,
        max_keypoints=config.max_keypoints,
        threshold=config.threshold,
        nms_radius=config.nms_radius,
        border=config.border,
    )
    # What a window around a point adds up to is how often one is found there, though not always on the same pixel.
    found = cv2.boxFilter(response, -1, (_FOUND, _FOUND), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return InterestPoints(refine_keypoints(response, pixels), np.minimum(found[pixels[:, 1], pixels[:, 0]], 1.0))
