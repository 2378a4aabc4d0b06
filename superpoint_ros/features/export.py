"""The network in files for other programs: ONNX, OpenVINO, TorchScript.

All of them take grey images (B, 1, H, W) float32 in [0, 1] with sides that are multiples of 8, and any batch and size.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.features.backends.torch_detection import heat_around
from superpoint_ros.features.models import ExportFormat
from superpoint_ros.features.network import CELL, SuperPointNet, heatmap
from superpoint_ros.features.weights import Weights

_EXAMPLE = (2, 1, 6 * CELL, 5 * CELL)
"""An input to trace with."""


class DenseHeads(nn.Module):
    """The network as it is, or with its first step after: a heat map with everything but its maxima set to 0."""

    def __init__(self, network: SuperPointNet, nms_radius: int | None) -> None:
        super().__init__()
        self.network = network
        self.nms_radius = nms_radius

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, H, W) → logits (B, 65, H/8, W/8), or a heat map (B, H, W); raw descriptors (B, D, H/8, W/8)."""
        logits, descriptors = self.network(image)
        if self.nms_radius is None:
            return logits, descriptors
        heat = heat_around(heatmap(logits))
        best = F.max_pool2d(heat[:, None], 2 * self.nms_radius + 1, stride=1, padding=self.nms_radius)[:, 0]
        return torch.where(heat == best, heat, torch.zeros_like(heat)), descriptors


def export_model(weights: Weights, to: ExportFormat, path: Path, nms_radius: int | None = None) -> None:
    """Write a network with dynamic batch, height and width.

    The outputs are ``logits`` and ``descriptors``, the dense heads of ``SuperPointNet``. With a radius the first one is
    ``heatmap`` (B, H, W), where every pixel that is not the largest of its window of 2 r + 1 pixels is 0: the first round of
    greedy suppression, and not the whole of it. The file says which model it is, with its checksum and licence, and how
    images must be normalized. Raises MissingDependencyError.
    """
    first = "logits" if nms_radius is None else "heatmap"
    metadata = {
        **weights.metadata,
        "name": weights.name,
        "checksum": weights.checksum,
        "architecture": json.dumps(asdict(weights.architecture)),
        "normalization": "grey image / 255",
        "outputs": f"{first} descriptors",
    }
    if to == "torchscript":
        network = SuperPointNet(weights.architecture)
        network.load_state_dict(weights.tensors)
        _save_torchscript(DenseHeads(network, nms_radius).eval(), path, metadata)
        return
    try:
        from superpoint_ros.features.onnx_graph import onnx_bytes
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is needed to export: pip install 'superpoint-ros[export]'") from error
    content = onnx_bytes({name: tensor.numpy() for name, tensor in weights.tensors.items()}, metadata, nms_radius)
    if to == "onnx":
        path.write_bytes(content)
    else:
        _save_openvino(content, path)


def _save_openvino(content: bytes, path: Path) -> None:
    try:
        import openvino as ov
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is needed to export: pip install 'superpoint-ros[openvino]'") from error
    ov.save_model(ov.Core().read_model(content), path, compress_to_fp16=False)


def _save_torchscript(heads: DenseHeads, path: Path, metadata: dict[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(heads, (torch.zeros(_EXAMPLE),))
        torch.jit.save(traced, path, _extra_files={"metadata.json": json.dumps(metadata)})
