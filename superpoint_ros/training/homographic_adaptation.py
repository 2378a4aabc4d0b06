"""Homographic Adaptation: pseudo ground truth for real images from a detector that saw only shapes (paper, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.backends.choice import choose_backend
from superpoint_ros.features.backends.torch_backend import select_device
from superpoint_ros.features.detector import heat_around, refine_keypoints, select_keypoints
from superpoint_ros.features.image import CELL
from superpoint_ros.simulation.augmentation import augment, degrade
from superpoint_ros.simulation.homography import HomographyRange, random_homography, warp_points
from superpoint_ros.training.labels import InterestPoints, splat
from superpoint_ros.types import DoubleArray, FloatArray

Detector = Callable[[NDArray[np.uint8]], FloatArray]
"""Images (B, H, W) uint8, sides multiples of 8 → responses (B, H, W) float32, not negative, high at interest points."""


def load_detector(model: str | None, device: str = "cpu") -> tuple[str, Detector]:
    """The detector of a shipped model or weights file on a device, or Shi-Tomasi, on the CPU, for None; with its name.

    What runs the network is what runs it best here, as in the nodes: with an ONNX file beside the weights labels take less than
    half of the time on a CPU. device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    Raises WeightsError, DeviceError, MissingDependencyError.
    """
    if model is None:
        select_device(device)  # a device that is not there is refused, whether it is needed or not
        return "shi-tomasi", shi_tomasi_detector
    backend, _ = choose_backend(ExtractorConfig(model=model, device=device, precision="float32"))

    def detect(images: NDArray[np.uint8]) -> FloatArray:
        return backend.run(images.astype(np.float32) / 255.0)[0]

    return backend.model, detect


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


_SHARES = (0.125, 0.25, 0.5, 1.0)
"""Of the keypoints of a view: one that is among so few of the best has the whole vote, one that is among the last a quarter."""


@dataclass(frozen=True)
class AdaptationConfig:
    """warps: random views beside the image itself. erosion: pixels dropped at the border of each view. Rest: selection of labels.

    light: largest strength of the change of light, blur and noise of a view; degraded: share of views with strong ones.
    pixels_per_keypoint: each view has so many keypoints. min_confidence: labels with less are dropped; keypoints of pure noise
    come together by chance, the rarer the more views there are. min_views: pixels seen by a smaller share of the views have no
    label. batch: at most so many views in one pass of the network, fewer of large images; labels do not depend on it. spread: of
    the views.
    """

    warps: int = 100
    erosion: int = 6
    light: float = 0.8
    degraded: float = 0.25
    pixels_per_keypoint: int = 300
    min_confidence: float = 0.15
    nms_radius: int = 4
    border: int = 4
    max_keypoints: int = 1000
    min_views: float = 0.15
    batch: int = 10
    seed: int = 0
    spread: HomographyRange = HomographyRange(rotation=60.0, scale=1.8, perspective=0.12, translation=0.12)


def votes(detector: Detector, image: NDArray[np.uint8], config: AdaptationConfig) -> FloatArray:
    """Share of the random views (H, W) that have a keypoint on a pixel, of those that see it; 0 where too few do.

    image: (H, W) uint8, sides multiples of 8. The paper takes the mean response of the detector; counting what is among the best
    of a view instead tells how often a point is found again, on a scale that does not change from one network to the next.
    """
    height, width = image.shape
    rng = np.random.default_rng(config.seed)
    views = [np.eye(3)] + [random_homography(rng, height, width, config.spread) for _ in range(config.warps)]
    total = np.zeros((height, width), np.float32)
    count = np.zeros((height, width), np.float32)
    interior = np.zeros((height, width), np.float32)
    interior[config.erosion : height - config.erosion, config.erosion : width - config.erosion] = 1.0
    at_once = max(1, min(config.batch, _MOST_PIXELS // image.size))
    for start in range(0, len(views), at_once):
        batch = range(start, min(start + at_once, len(views)))
        responses = detector(np.array([_view(image, views[n], config, n) for n in batch], np.uint8))
        for n, response in zip(batch, responses, strict=True):
            inverse = np.asarray(np.linalg.inv(views[n]), np.float64)
            # What the view shows beyond the image is a reflection: only what lies inside the image may count.
            seen = cv2.warpPerspective(interior, inverse, (width, height), flags=cv2.INTER_NEAREST) * interior
            total += _found(response, inverse, config) * seen
            count += seen
    enough = count >= max(1.0, config.min_views * len(views))
    return np.where(enough, total / np.maximum(count, 1.0), 0.0).astype(np.float32)


def _view(image: NDArray[np.uint8], homography: DoubleArray, config: AdaptationConfig, number: int) -> NDArray[np.uint8]:
    """A random view in other light; number 0 is the image itself."""
    if number == 0:
        return image
    rng = np.random.default_rng([config.seed, number])
    view = cv2.warpPerspective(image, homography, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    lit = augment(rng, np.asarray(view, np.uint8), strength=rng.uniform(0.0, config.light))
    return degrade(rng, lit) if rng.random() < config.degraded else lit


def _found(response: FloatArray, to_image: DoubleArray, config: AdaptationConfig) -> FloatArray:
    """The votes of a view (H, W), brought back to the image: those of a keypoint are shared by the four pixels around it."""
    height, width = response.shape
    wanted = response.size // config.pixels_per_keypoint
    pixels, _ = select_keypoints(
        heat_around(response),
        max_keypoints=wanted,
        threshold=float(np.finfo(np.float32).tiny),
        nms_radius=config.nms_radius,
        border=config.border,
    )
    weight = np.mean([np.arange(len(pixels)) < share * wanted for share in _SHARES], axis=0)
    return splat(warp_points(to_image, refine_keypoints(response, pixels)), weight.astype(np.float32), height, width)


def label_here(
    images: Iterable[NDArray[np.uint8]], detector: Detector, config: AdaptationConfig
) -> Iterator[tuple[NDArray[np.uint8], InterestPoints]]:
    """Each image with its labels, one after the other in this process."""
    return ((image, label(detector, image, config)) for image in images)


def label(detector: Detector, image: NDArray[np.uint8], config: AdaptationConfig) -> InterestPoints:
    """Pseudo ground truth of an (H, W) uint8 image, most confident first."""
    height, width = (side // CELL * CELL for side in image.shape)
    found = votes(detector, image[:height, :width], config)
    # Keypoints of one point come out on several pixels. The nearer they are, the more they count: what slides along an edge from
    # view to view is no good keypoint.
    pixels, around = select_keypoints(
        heat_around(found),
        max_keypoints=config.max_keypoints,
        threshold=config.min_confidence,
        nms_radius=config.nms_radius,
        border=config.border,
    )
    return InterestPoints(refine_keypoints(found, pixels), np.minimum(around, 1.0))
