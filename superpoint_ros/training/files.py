"""Files that are either whole or not there, whenever the power fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from superpoint_ros.errors import DataError


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by one with this content, which is on the disk when this returns. Raises DataError, and keeps what was."""
    partial = path.with_name(f"{path.name}.partial")
    with disk_errors(path):
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on the disk, too
        finally:
            os.close(folder)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk can do to a training run into a DataError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"cannot write {path} ({reason}): make room or choose another folder; the last checkpoint is kept"
        ) from error
