"""Extracted features on disk, found by what they were made from: the pixels, the settings, and the code that extracts.

An entry is a file of NumPy arrays whose checksums are verified when it is read. It appears under its name complete or not at all,
and one that cannot be read is made again. Nothing is ever deleted: the folder may be removed at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros import features as features_package
from superpoint_ros.errors import DataError
from superpoint_ros.types import Features

_IN_MEMORY = 32
"""Newest entries that are also kept in memory: the first image of a scene belongs to several pairs."""


def default_folder() -> Path:
    """``superpoint_ros/features`` in the user's cache, where XDG_CACHE_HOME says or in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "superpoint_ros" / "features"


class FeatureCache:
    """Keeps features of images. Any number of processes may share a folder."""

    def __init__(self, folder: Path | None) -> None:
        """folder: None keeps the newest in memory only."""
        self._folder = folder
        self._recent: OrderedDict[str, Features] = OrderedDict()

    def key(self, image: NDArray[np.uint8], settings: Mapping[str, Any]) -> str:
        """What identifies the features of a decoded image under some settings (anything that JSON can hold)."""
        facts = {"code": _code_checksum(), "shape": image.shape, "settings": dict(settings)}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        digest.update(image.tobytes())
        return digest.hexdigest()

    def get(self, key: str, extract: Callable[[], Features]) -> Features:
        """The features of a key, extracted only where they are not there. Raises DataError where they cannot be written."""
        found = self._recent.get(key)
        if found is None:
            found = self._read(key)
        if found is None:
            found = extract()
            self._write(key, found)
        self._recent[key] = found
        self._recent.move_to_end(key)
        if len(self._recent) > _IN_MEMORY:
            self._recent.popitem(last=False)
        return found

    def _path(self, folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key[2:]}.npz"

    def _read(self, key: str) -> Features | None:
        if self._folder is None:
            return None
        try:
            with np.load(self._path(self._folder, key), allow_pickle=False) as file:
                width, height = file["image_size"].tolist()
                return Features(file["keypoints"], file["scores"], file["descriptors"], (width, height), str(file["model"]))
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None  # damaged: it is made again

    def _write(self, key: str, features: Features) -> None:
        if self._folder is None:
            return
        path = self._path(self._folder, key)
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
                temporary = Path(file.name)
                np.savez(
                    file,
                    keypoints=features.keypoints,
                    scores=features.scores,
                    descriptors=features.descriptors,
                    image_size=np.array(features.image_size),
                    model=np.array(features.model),
                )
            temporary.replace(path)
        except OSError as error:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            raise DataError(f"cannot write the cache {self._folder}: {error.strerror}; choose another folder, or none") from None


@lru_cache(maxsize=1)
def _code_checksum() -> str:
    """Of the modules that extract: features of an older version of them are not those of this one."""
    digest = hashlib.sha256()
    for folder in features_package.__path__:
        for file in sorted(Path(folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
