"""What runs the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

import numpy as np

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.features.detection import Detections
from superpoint_ros.types import BoolArray, FloatArray


class Backend(Protocol):
    """A network with its weights on a device."""

    @property
    def model(self) -> str:
        """Name and short checksum of the weights."""

    @property
    def device(self) -> str:
        """Where the network runs, e.g. ``cpu`` or ``cuda:0``."""

    @property
    def descriptor_size(self) -> int:
        """Length D of a descriptor."""

    @property
    def info(self) -> str:
        """Library, its version, device and threads, for people to read."""

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Where the network sees interest points, and how it describes each cell, for images of one size.

        images: (B, H, W) float32 in [0, 1], sides multiples of 8.
        Returns heat maps (B, H, W), the probabilities that ``features.heads.heatmap`` defines, C-contiguous, and raw descriptors
        (B, D, H/8, W/8) of any strides, float32. The next call may overwrite them.
        """

    def detect(
        self, images: FloatArray, size: tuple[int, int], config: ExtractorConfig, masks: Sequence[BoolArray | None]
    ) -> list[Detections]:
        """Keypoints and descriptors of each image, as ``features.detection.detect`` finds them; a GPU does it in place.

        images: as for ``run``. size: height and width of each before it was padded. masks: one (or None) for each image.
        Of the settings only those count that say what is a keypoint.
        """


_HOME = {
    "torch": ("superpoint_ros.features.backends.torch_backend", "TorchBackend", "torch"),
    "onnxruntime": ("superpoint_ros.features.backends.onnxruntime_backend", "OnnxRuntimeBackend", "onnx"),
    "openvino": ("superpoint_ros.features.backends.openvino_backend", "OpenVinoBackend", "openvino"),
}
"""Module and class of each backend, and the extra that installs its library."""


def load_backend(config: ExtractorConfig) -> Backend:
    """The backend that ``config.backend`` names (not ``auto``) with a model's weights.

    Raises WeightsError, DeviceError, MissingDependencyError.
    """
    # PyTorch's idle threads spin by default, which on cores that are shared with other nodes costs several times the network
    # itself. OpenMP reads this once, when torch is first imported; who sets it beforehand keeps the choice.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _keep_freed_memory()
    module, backend, extra = _HOME[config.backend]
    try:
        loaded: Backend = getattr(import_module(module), backend).load(config)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"{error.name} is needed to run the network: pip install 'superpoint-ros[{extra}]'"
        ) from error
    return loaded


def _keep_freed_memory() -> None:
    """Make the C library keep freed arrays of image size for the next image.

    By default glibc hands them back to the system, which then clears every page anew: for one VGA image that takes as long as
    all that is done beside the network. glibc raises its limit to the largest block that was ever freed, up to 32 MB; this
    block is never touched, so it costs nothing. Elsewhere it has no effect.
    """
    np.empty(31 << 20, np.uint8)
