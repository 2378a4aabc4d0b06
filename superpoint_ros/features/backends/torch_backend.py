"""The network in PyTorch, on CPU, CUDA or Apple's MPS."""

from __future__ import annotations

import numpy as np
import torch

from superpoint_ros.errors import DeviceError
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import Weights, load_weights
from superpoint_ros.types import FloatArray


class TorchBackend:
    """Implements ``Backend``."""

    def __init__(self, weights: Weights, device: str = "auto") -> None:
        self._device = select_device(device)
        self._weights = weights
        network = SuperPointNet(weights.architecture)
        network.load_state_dict(weights.tensors)
        # Channels last suits the vector units of CPUs and the tensor cores of GPUs, and makes descriptor lookup contiguous.
        self._network = network.eval().to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, model: str, device: str = "auto") -> TorchBackend:
        """The weights of a model (shipped name or path of a file) on a device. Raises WeightsError, DeviceError."""
        return cls(load_weights(weights_path(model)), device)

    @property
    def model(self) -> str:
        return self._weights.model

    @property
    def device(self) -> str:
        return str(self._device)

    @property
    def descriptor_size(self) -> int:
        return self._weights.architecture.descriptor

    @property
    def info(self) -> str:
        threads = f", {torch.get_num_threads()} threads" if self._device.type == "cpu" else ""
        return f"PyTorch {torch.__version__} on {self._device}{threads}"

    @torch.inference_mode()
    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        batch = torch.from_numpy(images)[:, None].to(self._device, memory_format=torch.channels_last)
        # Half precision is for tensor cores only.
        with torch.autocast("cuda", torch.float16, enabled=self._device.type == "cuda"):
            logits, coarse = self._network(batch)
        return np.asarray(logits.float().cpu().numpy()), np.asarray(coarse.float().cpu().numpy())


def select_device(name: str) -> torch.device:
    """``auto``: CUDA, else MPS, else the CPU. Raises DeviceError when the device asked for is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name.partition(":")[0] not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"device {name!r}: PyTorch runs on cpu, cuda or mps; choose another backend for it")
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count == 0:
            raise DeviceError(
                f"device {name!r}: PyTorch sees no CUDA GPU; use device auto or cpu, or install the driver and a CUDA build"
            )
        if (device.index or 0) >= count:
            raise DeviceError(f"device {name!r}: there are {count} CUDA GPUs, cuda:0 to cuda:{count - 1}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(f"device {name!r}: this machine has no Apple GPU; use device auto or cpu")
    return device
