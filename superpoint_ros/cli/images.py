"""Image files that a user names on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.io.images import IMAGE_SUFFIXES


def find_images(paths: Sequence[Path]) -> dict[str, Path]:
    """Name and path of every image: files as they are, folders searched recursively, sorted; names are below the folder.

    Raises DataError where a path does not exist, a folder holds no image, or two images would get the same name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise DataError(f"{path} does not exist")
        files = sorted(f for f in path.rglob("*") if f.suffix.lower() in IMAGE_SUFFIXES and f.is_file()) if path.is_dir() else [path]
        if not files:
            raise DataError(f"the folder {path} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        for file in files:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            if found.setdefault(name, file) != file:
                raise DataError(f"{found[name]} and {file} would both be named {name!r}: extract them into two files")
    return found
