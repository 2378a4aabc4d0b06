"""What a run leaves behind: its settings, where its code and data came from, and its figures."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from safetensors import SafetensorError

import superpoint_ros
from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.evaluation.provenance import revision
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import save_weights
from superpoint_ros.training.checkpoint import CHECKPOINT
from superpoint_ros.training.config import TrainingConfig, differences, write_config
from superpoint_ros.training.files import disk_errors, write_atomically
from superpoint_ros.training.parallel import world_size

CONFIG = "config.yaml"
RUN = "run.json"
LOCK = "run.lock"
WEIGHTS = "weights.safetensors"


def check_folder(folder: Path, config: TrainingConfig, data: Mapping[str, Any]) -> None:
    """Whether a run with these settings and data may start or go on in a folder. Writes nothing.

    Raises ConfigError where it holds a run with others, naming what differs; DataError where it cannot be told.
    """
    if not (folder / CHECKPOINT).exists():
        return
    try:
        before = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
        data_before = json.loads((folder / RUN).read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise DataError(f"{folder} has a checkpoint, but no {CONFIG} and {RUN} of its run; choose another folder") from error
    different = differences({**before, "machine": None}, {**config.recipe, "machine": None}) + differences(data_before, data)
    if different:
        raise ConfigError(f"{folder} holds a run with other settings ({'; '.join(different)}); choose another folder")


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Keep other processes from training in a folder; False where one is at it. The lock ends with the process, however it ends.

    Raises DataError where the disk does not let it.
    """
    lock = FileLock(folder / LOCK)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout):
            lock.acquire(timeout=0)
    try:
        yield lock.is_locked
    finally:
        lock.release()


def begin(folder: Path, config: TrainingConfig, data: Mapping[str, Any], step: int) -> None:
    """Write the settings, and add to ``run.json`` that the run starts or goes on now, at this step, with this code.

    data: what the run learns from, as plain values. Raises DataError where the disk does not let it.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_config(folder / CONFIG, config)
    sessions = json.loads((folder / RUN).read_text(encoding="utf-8"))["sessions"] if step else []
    now = {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "step": step,
        "processes": world_size(),
        "code": code_version(),
        "torch": torch.__version__,
    }
    content = json.dumps({"data": data, "sessions": [*sessions, now]}, indent=2)
    write_atomically(folder / RUN, content.encode())


def code_version() -> str:
    """The git revision of this package's source tree, with ``+changes`` where files differ from it; else its version."""
    return revision() or superpoint_ros.__version__


def checksum(arrays: Iterable[NDArray[Any] | np.generic]) -> str:
    """Of data that a run learns from: what tells it from other data, in 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def network_checksum(network: SuperPointNet) -> str:
    """``checksum`` of what a run starts from."""
    return checksum(tensor.numpy() for tensor in network.state_dict().values())


def write_weights(path: Path, network: SuperPointNet, name: str, **metadata: str) -> None:
    """Write the weights of a run, batch norm folded. Raises DataError where the disk is full."""
    partial = path.with_name(f"partial.{path.name}")
    try:
        save_weights(partial, network.state_dict(), network.architecture, name, **metadata)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot write {path} ({error}): make room and start the same command again") from error


class FigureFile:
    """A CSV file with a row of figures per step.

    What an interrupted run wrote after its newest checkpoint is cut off: those steps come again.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        try:
            with path.open(newline="") as file:
                header, *rows = csv.reader(file)
        except (FileNotFoundError, ValueError):
            header, rows = [], []
        # The last row may have been written in part.
        kept = [row for row in rows if len(row) == len(header) and row[0].isdigit() and int(row[0]) <= step]
        if kept and step:
            text = io.StringIO()
            csv.writer(text).writerows([header, *kept])
            write_atomically(path, text.getvalue().encode())
        elif path.exists():
            path.unlink()

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add a row. Raises DataError where the disk is full."""
        with disk_errors(self._path), self._path.open("a", newline="") as file:
            writer = csv.writer(file)
            if file.tell() == 0:
                writer.writerow(["step", *figures])
            writer.writerow([step, *(f"{value:.6g}" for value in figures.values())])

    def sync(self) -> None:
        """Wait until all rows are on the disk. Raises DataError where it is full."""
        if self._path.exists():
            with disk_errors(self._path), self._path.open("a") as file:
                os.fsync(file.fileno())
