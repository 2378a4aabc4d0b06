"""What runs the network."""

from __future__ import annotations

import os
from typing import Protocol

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.types import FloatArray


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

    def run(self, image: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(H, W) float32 in [0, 1], sides multiples of 8 → heat map (H, W) float32, raw descriptors (D, H/8, W/8) float32.

        The arrays are the caller's; strides are free.
        """


def load_backend(config: ExtractorConfig) -> Backend:
    """The backend that the settings ask for, with the model's weights.

    Raises WeightsError, DeviceError, MissingDependencyError.
    """
    # PyTorch's idle threads spin by default, which on cores that are shared with other nodes costs several times the network
    # itself. OpenMP reads this once, when torch is first imported; who sets it beforehand keeps the choice.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from superpoint_ros.features.backends.torch_backend import TorchBackend
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is needed to run the network: pip install 'superpoint-ros[torch]'") from error
    return TorchBackend.load(config.model, config.device)
