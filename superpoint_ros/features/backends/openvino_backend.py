"""The network in OpenVINO: on CPUs, and on Intel's GPUs and NPUs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset10 as opset

from superpoint_ros.config import Precision
from superpoint_ros.errors import DeviceError, WeightsError
from superpoint_ros.features.backends.cpu import cpu_threads, require_bfloat16
from superpoint_ros.features.backends.onnx_backend import OnnxBackend
from superpoint_ros.features.heads import DUSTBIN, heatmap
from superpoint_ros.features.image import CELL
from superpoint_ros.features.models import OnnxFile
from superpoint_ros.types import FloatArray


class OpenVinoBackend(OnnxBackend):
    """Implements ``Backend``."""

    def __init__(self, file: OnnxFile, device: str = "auto", precision: Precision = "auto") -> None:
        super().__init__(file, device, precision)
        core = _core()
        self._device = select_device(device, core.available_devices)
        try:
            network = core.read_model(file.content)
        except RuntimeError as error:
            raise WeightsError(f"{file.path}: OpenVINO cannot read it; export it again") from error
        self._model = file.model(_metadata(network))
        self._size = network.output(1).partial_shape[1].get_length()
        on_cpu = self._device == "cpu"
        half = precision == "half" or (precision == "auto" and not on_cpu)
        # Not left to OpenVINO, which takes half precision wherever the CPU can.
        self._type = ("bf16" if on_cpu else "f16") if half else "f32"
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": self._type}
        if on_cpu:
            settings |= {"INFERENCE_NUM_THREADS": cpu_threads(), "ENABLE_CPU_PINNING": False}
            if half:
                require_bfloat16()
        # In the graph, where it costs nothing; but on other devices it would be computed in half precision there.
        self._has_heatmap = on_cpu
        if on_cpu:
            network = with_heatmap(network)
        if on_cpu and half:
            convolve_cells_by_depth(network)
        try:
            self._request = core.compile_model(network, self._device.upper(), settings).create_infer_request()
        except RuntimeError as error:
            raise DeviceError(f"device {device!r}: OpenVINO cannot run the network there; use device cpu") from error

    @property
    def info(self) -> str:
        threads = f", {cpu_threads()} threads" if self._device == "cpu" else ""
        return f"OpenVINO {ov.__version__.partition('-')[0]} on {self._device}, {self._type}{threads}"

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        self._request.infer({"image": images[:, None]}, share_inputs=True)
        detector, coarse = (np.asarray(self._request.get_output_tensor(index).data) for index in (0, 1))
        return detector if self._has_heatmap else heatmap(detector), coarse


def with_heatmap(network: ov.Model) -> ov.Model:
    """The network whose first output is not the logits but their heat map, as ``features.heads.heatmap`` computes it.

    With all threads and in the cache it takes less time than one thread takes afterwards.
    """
    logits, coarse = (output.get_node().input_value(0) for output in network.outputs)
    channels = opset.variadic_split(opset.softmax(logits, 1), 1, [DUSTBIN, 1]).output(0)
    heat = opset.squeeze(opset.depth_to_space(channels, "depth_first", CELL), 1)
    finite = opset.select(opset.is_nan(heat), np.float32(0), heat)
    return ov.Model([opset.result(finite), opset.result(coarse)], network.get_parameters(), network.get_friendly_name())


def convolve_cells_by_depth(network: ov.Model) -> None:
    """Write the convolutions of whole cells as products over their pixels, in place.

    In bfloat16 on CPUs with AMX, OpenVINO 2026 and oneDNN return wrong numbers for a convolution of 8x8 pixels with that stride.
    """
    for node in network.get_ordered_ops():
        if node.get_type_name() != "Convolution" or list(node.get_attributes()["strides"]) != [CELL, CELL]:
            continue
        weights = node.input_value(1).get_node().data
        pixels = opset.space_to_depth(node.input_value(0), "depth_first", CELL)
        product = opset.convolution(pixels, weights.reshape(len(weights), -1, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(product.output(0))


@functools.cache
def _core() -> ov.Core:
    """OpenVINO itself, for as long as the process lives.

    Its CPU plugin gives the thread that loads it a stack for signal handlers, and takes that memory away when it is unloaded; the
    next signal that Python handles, such as Ctrl-C, would then kill the process.
    """
    return ov.Core()


def select_device(name: str, available: list[str]) -> str:
    """``auto``: the CPU, whose results are known to be exact. Raises DeviceError for a device that OpenVINO does not see."""
    if name == "auto":
        return "cpu"
    if name.partition(":")[0].upper() not in {device.partition(".")[0] for device in available}:
        raise DeviceError(f"device {name!r}: OpenVINO sees {', '.join(available).lower()} on this machine")
    return name


def _metadata(network: ov.Model) -> dict[str, str]:
    """What the ONNX says about itself; OpenVINO files it under ``framework``."""
    if "framework" not in network.get_rt_info():
        return {}
    keys = network.get_rt_info(["framework"]).astype(dict)
    return {key: str(network.get_rt_info(["framework", key]).astype(str)) for key in keys}
