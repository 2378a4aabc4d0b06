"""The network in PyTorch, on CPU, CUDA or Apple's MPS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from superpoint_ros.config import ExtractorConfig, Precision
from superpoint_ros.errors import DeviceError
from superpoint_ros.features.backends.cpu import require_bfloat16
from superpoint_ros.features.backends.torch_detection import detect_batch
from superpoint_ros.features.detection import Detections, detect_each
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet, heatmap
from superpoint_ros.features.weights import Weights, load_weights
from superpoint_ros.types import BoolArray, FloatArray

Network = Callable[[Tensor], tuple[Tensor, Tensor]]


class TorchBackend:
    """Implements ``Backend``."""

    def __init__(
        self,
        weights: Weights,
        device: str = "auto",
        precision: Precision = "auto",
        graphs: bool = False,
        layout: torch.memory_format = torch.channels_last,
    ) -> None:
        """layout: of weights and images; another one is only for comparison. Raises DeviceError."""
        self._device = select_device(device)
        self._dtype = select_dtype(precision, self._device)
        self._weights = weights
        network = SuperPointNet(weights.architecture)
        network.load_state_dict(weights.tensors)
        # Channels last suits the vector units of CPUs and the tensor cores of GPUs, and makes descriptor lookup contiguous.
        self._layout = layout
        network.eval().to(self._device, self._dtype, memory_format=layout)  # type: ignore[call-overload]
        if graphs and self._device.type != "cuda":
            raise DeviceError(f"cuda_graphs cannot be used on {self._device}: they are for CUDA GPUs")
        self._network: Network = GraphedNetwork(network) if graphs else network

    @classmethod
    def load(cls, config: ExtractorConfig) -> TorchBackend:
        """The weights of a model (shipped name or path of a file) on a device. Raises WeightsError, DeviceError."""
        return cls(load_weights(weights_path(config.model)), config.device, config.precision, config.cuda_graphs)

    @classmethod
    def plain(cls, model: str) -> TorchBackend:
        """The network as PyTorch runs it by default on a CPU, channels first: what others are compared with."""
        return cls(load_weights(weights_path(model)), "cpu", "float32", layout=torch.contiguous_format)

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
        return f"PyTorch {torch.__version__} on {self._device}, {str(self._dtype).removeprefix('torch.')}{threads}"

    @torch.inference_mode()
    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        heat, coarse = self._infer(images)
        return np.asarray(heat.cpu().numpy()), np.asarray(coarse.cpu().numpy())

    @torch.inference_mode()
    def detect(
        self, images: FloatArray, size: tuple[int, int], config: ExtractorConfig, masks: Sequence[BoolArray | None]
    ) -> list[Detections]:
        if self._device.type != "cuda":
            return detect_each(*self.run(images), size, config, masks)
        free = None
        if any(mask is not None for mask in masks):
            free = self._upload(np.stack([np.ones(size, bool) if mask is None else mask for mask in masks]))
        return detect_batch(*self._infer(images), size, config, free)

    def _infer(self, images: FloatArray) -> tuple[Tensor, Tensor]:
        """What ``run`` returns, on the device."""
        batch = self._upload(images)[:, None].to(self._dtype, memory_format=self._layout)
        logits, coarse = self._network(batch)
        # The softmax is computed in full precision again: it adds up 65 terms. Where logits are not finite there is nothing.
        return heatmap(logits.float()).nan_to_num(0.0), coarse.float()

    def _upload(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":  # from pinned memory the CPU need not wait for the copy
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)


class GraphedNetwork:
    """Records the network's kernels once per input size as a CUDA graph and replays them: no launch costs.

    Graphs are kept for the newest sizes only, as each has its own memory.
    """

    _KEPT = 16
    """Two cameras of different sizes with as many levels as there can be."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._recorded: dict[torch.Size, tuple[torch.cuda.CUDAGraph, Tensor, tuple[Tensor, Tensor]]] = {}

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        if batch.shape not in self._recorded:
            if len(self._recorded) == self._KEPT:
                del self._recorded[next(iter(self._recorded))]
            self._recorded[batch.shape] = self._record(batch)
        graph, given, heads = self._recorded[batch.shape]
        given.copy_(batch)
        graph.replay()
        return heads

    def _record(self, batch: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, tuple[Tensor, Tensor]]:
        given = batch.clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # cuDNN looks for its best kernels before anything is recorded
            for _ in range(3):
                self._network(given)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            heads = self._network(given)
        return graph, given, heads


def select_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """``auto``: half precision where tensor cores compute it. Raises DeviceError where the CPU cannot."""
    if precision == "float32" or (precision == "auto" and device.type != "cuda"):
        return torch.float32
    if device.type == "cpu":
        require_bfloat16()
        return torch.bfloat16
    return torch.float16


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
