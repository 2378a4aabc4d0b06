"""``backend: auto``: which backend runs a model best on this machine."""

from __future__ import annotations

import ctypes
import functools
import logging
import math
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DeviceError
from superpoint_ros.features.backends import Backend, load_backend
from superpoint_ros.features.models import onnx_path, weights_path

_LOG = logging.getLogger(__name__)
_PROBE_SIZE = (240, 320)
_PROBE_RUNS = 4


@dataclass(frozen=True)
class Choice:
    """A backend by name, the device for it, and why."""

    backend: str
    device: str
    why: str


def choose_backend(config: ExtractorConfig) -> tuple[Backend, str]:
    """The backend that the settings ask for, and one line about it. ``auto`` chooses once per process, model and device.

    Raises WeightsError, DeviceError, MissingDependencyError.
    """
    if config.backend != "auto":
        backend = load_backend(config.backend, config.model, config.device)
        return backend, backend.info
    choice = _choose(config.model, config.device)
    backend = load_backend(choice.backend, config.model, choice.device)
    info = f"{backend.info} ({choice.why})"
    _LOG.info("%s: %s", backend.model, info)
    return backend, info


@functools.cache
def _choose(model: str, device: str) -> Choice:
    kind = device.partition(":")[0]
    if kind in ("gpu", "npu"):
        return Choice("openvino", device, f"the backend for device {kind}")
    if kind == "tensorrt":
        return Choice("onnxruntime", device, f"the backend for device {kind}")
    if kind == "mps":
        return Choice("torch", device, f"the backend for device {kind}")
    has_onnx = onnx_path(model).is_file()
    has_weights = weights_path(model).suffix != ".onnx"
    if kind == "cuda":
        torch = has_weights and (_installed("torch") or not _installed("onnxruntime"))
        return Choice("torch" if torch else "onnxruntime", device, "the backend for device cuda")
    if device == "auto" and has_weights and _gpu_may_exist() and _installed("torch"):
        from superpoint_ros.features.backends.torch_backend import select_device

        found = select_device("auto")
        if found.type != "cpu":
            return Choice("torch", str(found), "this machine has a GPU")
    runtimes = [name for name in ("onnxruntime", "openvino") if _installed(name)] if has_onnx else []
    if not runtimes:
        why = "neither onnxruntime nor openvino is installed" if has_onnx else f"there is no {onnx_path(model).name} beside it"
        torch = has_weights and (_installed("torch") or not has_onnx)
        return Choice("torch" if torch else "onnxruntime", device, why)
    # PyTorch is not measured: it never won, and importing it takes longer than all of this, and hundreds of megabytes.
    return _fastest(runtimes, model, device)


def _fastest(names: list[str], model: str, device: str) -> Choice:
    if len(names) == 1:
        return Choice(names[0], device, "the only one of its kind that is installed")
    milliseconds = {name: _probe(name, model, device) for name in names}
    ranked = sorted(names, key=milliseconds.__getitem__)
    height, width = _PROBE_SIZE
    times = ", ".join(f"{name} {milliseconds[name]:.1f} ms" for name in ranked)
    return Choice(ranked[0], device, f"measured at {width}x{height}: {times}")


def _probe(name: str, model: str, device: str) -> float:
    """Milliseconds of the quickest of some runs; the first one, which also plans, does not count."""
    try:
        backend = load_backend(name, model, device)
    except DeviceError as error:
        _LOG.warning("backend %s cannot be used: %s", name, error)
        return math.inf
    image = np.zeros((1, *_PROBE_SIZE), np.float32)
    times = []
    for _ in range(_PROBE_RUNS + 1):
        start = time.perf_counter()
        backend.run(image)
        times.append(time.perf_counter() - start)
    return min(times[1:]) * 1e3


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def _gpu_may_exist() -> bool:
    """Whether it is worth importing PyTorch to look for a GPU: on a Mac, or where NVIDIA's driver is installed."""
    if sys.platform == "darwin" or Path("/dev/dxg").exists():  # the second: Windows' subsystem for Linux
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
