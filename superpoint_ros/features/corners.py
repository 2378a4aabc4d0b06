"""FAST, Harris and Shi-Tomasi corners behind the interface of the network: detectors only, their descriptors have no columns.

What is done to the network's heat map is done to theirs: the same greedy suppression within ``nms_radius``, the same border,
mask and top ``max_keypoints``, and for Harris and Shi-Tomasi the same sub-pixel refinement, the centre of mass of the response
in a 5x5 window. FAST stays on whole pixels, as its authors have it: it has a score only where it has found a corner. There is no
absolute threshold: the three scores have units of their own, ``threshold`` is one of the network's, and the best keypoints count.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.detector import refine_keypoints, select_keypoints
from superpoint_ros.features.image import to_bytes, working_image, working_mask
from superpoint_ros.types import Features, FloatArray, Image

_BLOCK, _APERTURE, _HARRIS_K = 3, 3, 0.04
"""The window of the structure tensor, the Sobel filter, and k: the defaults of cv2.goodFeaturesToTrack."""

_FAST_THRESHOLD = 2
"""Grey levels. Low, so that max_keypoints chooses: a corner's score is the highest threshold that it passes, whatever this is."""


class CornerDetector:
    """Keypoints of one of three corner detectors, best first; descriptors are (N, 0)."""

    def __init__(self, config: ExtractorConfig) -> None:
        """config.model: ``fast``, ``harris`` or ``shi``."""
        self._config = config
        self._respond = _RESPONSES[config.model]

    @property
    def model(self) -> str:
        """``fast``, ``harris`` or ``shi``."""
        return self._config.model

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Keypoints of one image. Raises ImageError."""
        config = self._config
        working = working_image(image, config.max_size)
        response = self._respond(working.pixels)
        pixels, scores = select_keypoints(
            response,
            max_keypoints=config.max_keypoints,
            threshold=float(np.finfo(np.float32).tiny),  # what has no response is no corner
            nms_radius=config.nms_radius,
            border=config.border,
            mask=None if mask is None else working_mask(mask, working),
        )
        refined = config.subpixel and config.model != "fast"
        points: FloatArray = refine_keypoints(response, pixels) if refined else pixels.astype(np.float32)
        no_descriptors = np.zeros((len(points), 0), np.float32)
        return Features(working.to_image(points), scores, no_descriptors, working.image_size, self.model)


def _harris(grey: FloatArray) -> FloatArray:
    """det(M) - k trace(M)^2 (Harris and Stephens, 1988); edges, where it is negative, get 0."""
    return np.maximum(np.asarray(cv2.cornerHarris(grey, _BLOCK, _APERTURE, _HARRIS_K), np.float32), np.float32(0))


def _shi(grey: FloatArray) -> FloatArray:
    """The smaller eigenvalue of M (Shi and Tomasi, 1994)."""
    return np.maximum(np.asarray(cv2.cornerMinEigenVal(grey, _BLOCK, ksize=_APERTURE), np.float32), np.float32(0))


def _fast(grey: FloatArray) -> FloatArray:
    """FAST-9 (Rosten and Drummond, 2006): the score of each corner, 0 elsewhere.

    OpenCV gives scores only together with its own suppression of the eight neighbours.
    """
    response = np.zeros(grey.shape, np.float32)
    found = cv2.FastFeatureDetector.create(_FAST_THRESHOLD, nonmaxSuppression=True).detect(to_bytes(grey))
    columns, rows = np.array([keypoint.pt for keypoint in found], np.int64).reshape(-1, 2).T
    response[rows, columns] = [keypoint.response for keypoint in found]
    return response


_RESPONSES = {"fast": _fast, "harris": _harris, "shi": _shi}

CORNER_DETECTORS = tuple(_RESPONSES)
"""The models without descriptors."""
