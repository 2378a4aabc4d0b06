"""SIFT and ORB behind the interface of the network, to compare with.

Of ``ExtractorConfig`` they heed ``max_keypoints``, ``border`` and ``max_size``; the rest is about the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.image import WorkingImage, to_bytes, working_image, working_mask
from superpoint_ros.types import Features, Image

_SIFT_SIZE = 128
_ORB_BITS = 256


class Sift:
    """SIFT with RootSIFT descriptors (Arandjelovic and Zisserman, 2012): the square root of the L1-normalized histogram."""

    model = "sift"

    def __init__(self, config: ExtractorConfig) -> None:
        self._config = config
        # The precise upscaling keeps pixel centres in place; without it every keypoint is off by a quarter of a pixel.
        self._sift = cv2.SIFT.create(enable_precise_upscale=True)

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image, best first; descriptors (N, 128) of unit length. Raises ImageError."""
        working = working_image(image, self._config.max_size)
        found, histograms = self._sift.detectAndCompute(
            to_bytes(working.pixels), allowed_pixels(working, mask, self._config.border)
        )
        if histograms is None:
            histograms = np.zeros((0, _SIFT_SIZE), np.float32)
        root = np.sqrt(histograms / np.maximum(histograms.sum(axis=1, keepdims=True), 1))
        return _features(found, root, working, self._config.max_keypoints, self.model)


class Orb:
    """ORB whose 256 bits become +-1/16, so that a dot product is 1 - 2 h / 256 with the Hamming distance h."""

    model = "orb"

    def __init__(self, config: ExtractorConfig) -> None:
        self._config = config
        self._orb = cv2.ORB.create(nfeatures=config.max_keypoints)

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image, best first; descriptors (N, 256) of unit length. Raises ImageError."""
        working = working_image(image, self._config.max_size)
        allowed = allowed_pixels(working, mask, self._config.border)
        # OpenCV fails on images so small that a level of the pyramid vanishes; within its margin ORB finds nothing anyway.
        fits = min(working.pixels.shape) > 2 * self._orb.getEdgeThreshold()
        found, packed = self._orb.detectAndCompute(to_bytes(working.pixels), allowed) if fits else ((), None)
        if packed is None:
            packed = np.zeros((0, _ORB_BITS // 8), np.uint8)
        bits = np.unpackbits(np.asarray(packed, np.uint8), axis=1).astype(np.float32)
        return _features(found, (bits * 2 - 1) / np.float32(16), working, self._config.max_keypoints, self.model)


def allowed_pixels(working: WorkingImage, mask: NDArray[np.uint8] | None, border: int) -> NDArray[np.uint8]:
    """(h, w) uint8 mask of OpenCV: 255 where keypoints may lie."""
    allowed = np.zeros(working.pixels.shape, np.uint8)
    height, width = working.pixels.shape
    allowed[border : max(border, height - border), border : max(border, width - border)] = 255
    if mask is not None:
        allowed[~working_mask(mask, working)] = 0
    return allowed


def _features(
    found: Sequence[cv2.KeyPoint], descriptors: NDArray[np.float32], working: WorkingImage, max_keypoints: int, model: str
) -> Features:
    scores = np.array([keypoint.response for keypoint in found], np.float32)
    points = np.array([keypoint.pt for keypoint in found], np.float32).reshape(-1, 2)
    best = np.argsort(-scores, kind="stable")[:max_keypoints]
    descriptors = np.ascontiguousarray(descriptors[best], np.float32)
    return Features(working.to_image(points[best]), scores[best], descriptors, working.image_size, model)
