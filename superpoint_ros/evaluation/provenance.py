"""Where figures come from: what computed them, and when."""

from __future__ import annotations

import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from superpoint_ros import __version__

_PACKAGES = ("numpy", "opencv-python-headless", "poselib", "torch", "onnxruntime", "openvino", "evo")


def provenance(command: str) -> dict[str, Any]:
    """Command, date, revision of the source tree, and versions of what computes, as the settings of a run keep them."""
    return {
        "command": command,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "revision": revision(),
        "versions": {"superpoint_ros": __version__, "python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    installed = {distribution.name.lower(): distribution.version for distribution in distributions()}
    return {package: installed[package] for package in _PACKAGES if package in installed}


def revision() -> str:
    """Of git, with ``+changes`` where files differ from it; empty for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head, changes = (_git(root, *command) for command in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno")))
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{head}+changes" if changes else head


def _git(root: Path, *command: str) -> str:
    return subprocess.run(["git", "-C", root, *command], check=True, capture_output=True, text=True).stdout.strip()
