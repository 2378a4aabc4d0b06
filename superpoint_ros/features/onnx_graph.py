"""The network as an ONNX graph, written node by node: no torch, the same bytes every time, and the names of the weights.

PyTorch's exporters would write the same dozen convolutions, but the quick one is deprecated, and the other takes seconds and
notes the source files of the machine it ran on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from superpoint_ros.features.detector import AROUND
from superpoint_ros.features.image import CELL

OPSET = 17
_IR_VERSION = 8
"""The oldest that has this opset, so that runtimes of 2022 and later read it."""


def onnx_bytes(tensors: Mapping[str, NDArray[np.float32]], metadata: Mapping[str, str], nms_radius: int | None = None) -> bytes:
    """An ONNX file of ``SuperPointNet`` with these (plain) weights.

    Input ``image`` (B, 1, H, W) float32. Outputs as ``DenseHeads`` of ``features.export`` gives them: ``logits``, or
    ``heatmap`` with a radius, and ``descriptors``. metadata: what the file says about itself.
    """
    graph = _Graph("convSa.weight" in tensors)
    descriptors = _array("descriptors", len(tensors["convDb.weight"]), "h", "w")
    if nms_radius is None:
        outputs = [_array("logits", CELL * CELL + 1, "h", "w"), descriptors]
    else:
        graph.suppress(nms_radius)
        outputs = [_array("heatmap", "8*h", "8*w"), descriptors]
    weights = [numpy_helper.from_array(np.ascontiguousarray(tensor, "<f4"), name) for name, tensor in tensors.items()]
    body = helper.make_graph(graph.nodes, "superpoint", [_array("image", 1, "8*h", "8*w")], outputs, [*weights, *graph.constants])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="superpoint_ros")
    model.ir_version = _IR_VERSION
    helper.set_model_props(model, {**metadata, "opset": str(OPSET)})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _array(name: str, *shape: int | str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])


class _Graph:
    """The nodes of ``SuperPointNet.forward``."""

    def __init__(self, skip: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        fine = self._hidden("conv1b", self._hidden("conv1a", "image"))
        x = self._pool(fine)
        for first, second in (("conv2a", "conv2b"), ("conv3a", "conv3b")):
            x = self._pool(self._hidden(second, self._hidden(first, x)))
        x = self._hidden("conv4b", self._hidden("conv4a", x))
        located = x
        if skip:
            cells = self._hidden("convSa", fine, kernel_shape=[CELL, CELL], strides=[CELL, CELL])
            located = self._node("Add", [x, cells], "located")
        self._convolution("convPb", self._hidden("convPa", located), "logits", kernel_shape=[1, 1])
        self._convolution("convDb", self._hidden("convDa", x), "descriptors", kernel_shape=[1, 1])

    def suppress(self, radius: int) -> None:
        """From logits to a heat map that is 0 but at the largest pixel of each window."""
        self._constant("channels", np.array([CELL * CELL, 1], np.int64))
        self._constant("zero", np.zeros((), np.float32))
        self._constant("channel_axis", np.array([1], np.int64))
        self._node("Softmax", ["logits"], "probabilities", axis=1)
        self.nodes.append(helper.make_node("Split", ["probabilities", "channels"], ["blocks", "dustbin"], axis=1))
        pixels = self._node("DepthToSpace", ["blocks"], "pixels", blocksize=CELL, mode="CRD")
        self._constant("around", np.outer(AROUND, AROUND)[None, None].astype(np.float32))
        heat = self._node("Conv", [pixels, "around"], "heat", kernel_shape=[5, 5], pads=[2, 2, 2, 2])
        window = {"kernel_shape": [2 * radius + 1] * 2, "pads": [radius] * 4, "strides": [1, 1]}
        best = self._node("MaxPool", [heat], "best", **window)
        peaks = self._node("Where", [self._node("Equal", [heat, best], "is_best"), heat, "zero"], "peaks")
        self._node("Squeeze", [peaks, "channel_axis"], "heatmap")

    def _hidden(self, layer: str, x: str, **shape: list[int]) -> str:
        shape = shape or {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        return self._node("Relu", [self._convolution(layer, x, layer, **shape)], f"{layer}_relu")

    def _convolution(self, layer: str, x: str, output: str, **shape: list[int]) -> str:
        return self._node("Conv", [x, f"{layer}.weight", f"{layer}.bias"], output, **shape)

    def _pool(self, x: str) -> str:
        return self._node("MaxPool", [x], f"{x}_half", kernel_shape=[2, 2], strides=[2, 2])

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, value: NDArray[np.generic]) -> None:
        self.constants.append(numpy_helper.from_array(value, name))
