"""Detectors on rendered shapes with known corners, clean and noisy: the paper's test of MagicPoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.evaluation.metrics.corner_detection import Detections, DetectorQuality, detector_quality, judge
from superpoint_ros.simulation.augmentation import augment
from superpoint_ros.simulation.synthetic_shapes import PRIMITIVES, render
from superpoint_ros.types import Extractor, FloatArray

HEIGHT, WIDTH = 120, 160
"""Pixels of the images: as the paper has it, and as MagicPoint is trained."""

_UNSEEN = 7_304_118
"""First of the words that seed a test image; those of training start otherwise."""


@dataclass(frozen=True)
class UnseenShape:
    """clean, noisy: (H, W) uint8 as drawn, and with noise, blur and a change of light. corners: (N, 2) in pixels of both."""

    primitive: str
    clean: NDArray[np.uint8]
    noisy: NDArray[np.uint8]
    corners: FloatArray


@dataclass(frozen=True)
class ShapesResult:
    """A detector on the clean and on the noisy images; precision: AP per primitive that has corners, (clean, noisy)."""

    clean: DetectorQuality
    noisy: DetectorQuality
    precision: dict[str, tuple[float, float]]


def unseen_shape(n: int, seed: int) -> UnseenShape:
    """Test image number n, the primitives taking turns; it depends on n and the seed alone."""
    primitive = list(PRIMITIVES)[n % len(PRIMITIVES)]
    rng = np.random.default_rng([_UNSEEN, seed, n])
    shapes = render(rng, HEIGHT, WIDTH, primitive)
    return UnseenShape(primitive, shapes.image, augment(rng, shapes.image), shapes.corners)


def evaluate_on_shapes(
    extractor: Extractor, images: Sequence[UnseenShape], on_image: Callable[[], None] = lambda: None
) -> ShapesResult:
    """Run a detector, set to hide nothing that it finds, on every image twice."""
    clean, noisy = [], []
    for image in images:
        clean.append(_judged(extractor, image.clean, image.corners))
        noisy.append(_judged(extractor, image.noisy, image.corners))
        on_image()
    precision = {}
    for primitive in PRIMITIVES:
        chosen = [n for n, image in enumerate(images) if image.primitive == primitive]
        if any(clean[n].corners for n in chosen):
            one, other = (detector_quality([found[n] for n in chosen]).average_precision for found in (clean, noisy))
            precision[primitive] = (one, other)
    return ShapesResult(detector_quality(clean), detector_quality(noisy), precision)


def _judged(extractor: Extractor, image: NDArray[np.uint8], corners: FloatArray) -> Detections:
    features = extractor.extract(image)
    return judge(features.keypoints, features.scores, corners)
