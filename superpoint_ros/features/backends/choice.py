"""``backend: auto``: which backend runs a model best on this machine."""

from __future__ import annotations

import ctypes
import functools
import logging
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
_ONLY = {"openvino": ("gpu", "npu"), "onnxruntime": ("tensorrt",), "torch": ("mps",)}
"""Devices that one backend alone has."""

_PROBE_SIZE = (240, 320)
_PROBE_RUNS = 5
_CLEARLY = 1.25
"""How many times as fast another backend must be."""


@dataclass(frozen=True)
class Choice:
    """Settings with a backend by name, and why this one."""

    config: ExtractorConfig
    why: str


def choose_backend(config: ExtractorConfig) -> tuple[Backend, str]:
    """The backend that the settings ask for, and one line about it. ``auto`` chooses once per process, model and device.

    Raises WeightsError, DeviceError, MissingDependencyError.
    """
    if config.backend != "auto":
        backend = load_backend(config)
        return backend, backend.info
    asked = ExtractorConfig(**config.model_dump(include={"model", "device", "precision", "cuda_graphs"}))
    choice = _choose(asked)
    backend = load_backend(choice.config)
    info = f"{backend.info} ({choice.why})"
    _LOG.info("%s: %s", backend.model, info)
    return backend, info


@functools.cache
def _choose(asked: ExtractorConfig) -> Choice:
    kind = asked.device.partition(":")[0]
    for backend, devices in _ONLY.items():
        if kind in devices:
            return _choice(asked, backend, f"the backend for device {kind}")
    has_onnx = onnx_path(asked.model).is_file()
    has_weights = weights_path(asked.model).suffix != ".onnx"
    if kind == "cuda":
        torch = has_weights and (_installed("torch") or not _installed("onnxruntime"))
        return _choice(asked, "torch" if torch else "onnxruntime", "the backend for device cuda")
    if kind == "auto" and has_weights and _gpu_may_exist() and _installed("torch"):
        from superpoint_ros.features.backends.torch_backend import select_device

        found = select_device("auto")
        if found.type != "cpu":
            return _choice(asked, "torch", f"this machine has {found.type}", str(found))
    runtimes = [name for name in ("onnxruntime", "openvino") if _installed(name)] if has_onnx else []
    if asked.precision == "half" and "onnxruntime" in runtimes:
        runtimes.remove("onnxruntime")  # it has no half precision on CPUs
    if not runtimes:
        why = "no other backend is installed for it" if has_onnx else f"there is no {onnx_path(asked.model).name} beside it"
        torch = has_weights and (_installed("torch") or not has_onnx)
        return _choice(asked, "torch" if torch else "onnxruntime", why)
    # PyTorch is not measured: it never won, and importing it takes longer than all of this, and hundreds of megabytes.
    return _fastest(runtimes, asked)


def _choice(asked: ExtractorConfig, backend: str, why: str, device: str | None = None) -> Choice:
    return Choice(asked.model_copy(update={"backend": backend, "device": device or asked.device}), why)


def _fastest(names: list[str], asked: ExtractorConfig) -> Choice:
    """The first one, or one that is clearly faster: the same machine should choose the same every time."""
    backends = {name: backend for name in names if (backend := _usable(asked.model_copy(update={"backend": name})))}
    if len(backends) < 2:
        return _choice(asked, next(iter(backends), names[0]), "the only one of its kind that is installed")
    milliseconds = _probe(backends)
    ranked = sorted(milliseconds, key=milliseconds.__getitem__)
    first, fastest = next(iter(milliseconds)), ranked[0]
    chosen = fastest if milliseconds[first] > _CLEARLY * milliseconds[fastest] else first
    height, width = _PROBE_SIZE
    times = ", ".join(f"{name} {milliseconds[name]:.1f} ms" for name in ranked)
    return _choice(asked, chosen, f"measured at {width}x{height}: {times}")


def _usable(config: ExtractorConfig) -> Backend | None:
    try:
        return load_backend(config)
    except DeviceError as error:
        _LOG.warning("backend %s cannot be used: %s", config.backend, error)
        return None


def _probe(backends: dict[str, Backend]) -> dict[str, float]:
    """Milliseconds of the quickest of some runs, taken in turns; the first one, which also plans, does not count."""
    image = np.zeros((1, *_PROBE_SIZE), np.float32)
    times: dict[str, list[float]] = {name: [] for name in backends}
    for _ in range(_PROBE_RUNS + 1):
        for name, backend in backends.items():
            start = time.perf_counter()
            backend.run(image)
            times[name].append(time.perf_counter() - start)
    return {name: 1e3 * min(runs[1:]) for name, runs in times.items()}


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
