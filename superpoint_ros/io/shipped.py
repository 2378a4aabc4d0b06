"""Files that come with the package beside its modules: what the source tree has in ``config`` and the like."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from superpoint_ros.errors import DataError


def shipped_file(name: str) -> Path:
    """A file by its place in the source tree, there or, installed, in ``share``. Raises DataError where it is missing."""
    shares = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    folders = [Path(__file__).parents[2], *(Path(prefix) / "share" / "superpoint_ros" for prefix in shares if prefix)]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{name} is missing from this installation, looked in {', '.join(map(str, folders))}: install it again")
