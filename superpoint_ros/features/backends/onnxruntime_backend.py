"""The network in ONNX Runtime: on CPUs, and on NVIDIA GPUs with its CUDA and TensorRT providers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort

from superpoint_ros.config import Precision
from superpoint_ros.errors import DeviceError, WeightsError
from superpoint_ros.features.backends.cpu import cpu_threads, threads_may_spin
from superpoint_ros.features.backends.onnx_backend import OnnxBackend
from superpoint_ros.features.heads import heatmap
from superpoint_ros.features.models import OnnxFile
from superpoint_ros.types import FloatArray

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}


class OnnxRuntimeBackend(OnnxBackend):
    """Implements ``Backend``."""

    def __init__(self, file: OnnxFile, device: str = "auto", precision: Precision = "auto") -> None:
        super().__init__(file, device, precision)
        self._device = select_device(device)
        kind, _, index = self._device.partition(":")
        if precision == "half" and kind != "tensorrt":
            raise DeviceError(f"precision half: ONNX Runtime has it on tensorrt, not on {kind}; choose another backend")
        options = ort.SessionOptions()
        options.log_severity_level = 3  # errors only
        options.intra_op_num_threads = cpu_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(threads_may_spin())))
        where: dict[str, Any] = {} if kind == "cpu" else {"device_id": index or "0"}
        providers = [(_PROVIDERS[kind], where)]
        if kind == "tensorrt":  # what it cannot run, CUDA does
            providers = [
                (_PROVIDERS[kind], {**where, "trt_fp16_enable": str(precision != "float32")}),
                (_PROVIDERS["cuda"], where),
            ]
        try:
            self._session = ort.InferenceSession(file.content, options, providers=providers)
        except Exception as error:  # of types that ONNX Runtime does not export
            reason = str(error).partition("\n")[0]
            raise WeightsError(f"{file.path}: ONNX Runtime cannot use it on {self._device} ({reason})") from error
        if _PROVIDERS[kind] not in self._session.get_providers():  # it falls back to the CPU with no more than a warning
            raise DeviceError(f"device {device!r}: ONNX Runtime could not start it; see its warnings, or use device cpu")
        self._model = file.model(self._session.get_modelmeta().custom_metadata_map)
        self._size = int(self._session.get_outputs()[1].shape[1])

    @property
    def info(self) -> str:
        threads = f", {cpu_threads()} threads" if self._device == "cpu" else ""
        return f"ONNX Runtime {ort.__version__} on {self._device}{threads}"

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        logits, coarse = self._session.run(None, {"image": images[:, None]})
        return heatmap(np.asarray(logits)), np.asarray(coarse)


def select_device(name: str) -> str:
    """``auto``: CUDA if this build of ONNX Runtime has it, else the CPU. Raises DeviceError for a device that it lacks."""
    available = ort.get_available_providers()
    if name == "auto":
        return "cuda" if _PROVIDERS["cuda"] in available else "cpu"
    kind = name.partition(":")[0]
    if kind not in _PROVIDERS or _PROVIDERS[kind] not in available:
        usable = ", ".join(device for device, provider in _PROVIDERS.items() if provider in available)
        raise DeviceError(f"device {name!r}: this ONNX Runtime runs on {usable}; for NVIDIA GPUs install onnxruntime-gpu")
    return name
