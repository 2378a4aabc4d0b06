"""Everything that a run needs to go on as if it had never stopped, in one file."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import distributed

from superpoint_ros.errors import DataError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import infer_architecture
from superpoint_ros.training.files import write_atomically
from superpoint_ros.training.parallel import world_size

CHECKPOINT = "checkpoint.pt"


class Stateful(Protocol):
    """A part of a run whose state goes into the checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Go back to that state."""


def checkpoint_bytes(step: int, random_states: list[Any], parts: dict[str, Stateful]) -> bytes:
    """The content of a checkpoint file. random_states: ``random_state()`` of every process, by rank."""
    file = io.BytesIO()
    torch.save({**{name: part.state_dict() for name, part in parts.items()}, "step": step, "random": random_states}, file)
    return file.getvalue()


def save_checkpoint(folder: Path, content: bytes) -> None:
    """Raises DataError where the disk is full or the like; then the checkpoint before is still there."""
    write_atomically(folder / CHECKPOINT, content)


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The content of the newest checkpoint of a run folder, None without one. Raises DataError where it is damaged."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state | {"step": int(state["step"])}
    except Exception as error:  # A damaged pickle can raise anything at all.
        raise DataError(f"{path} is damaged ({str(error).splitlines()[0]}); delete it to start again") from error


def restore(state: dict[str, Any], rank: int, parts: dict[str, Stateful]) -> int:
    """Bring all parts to the state of a checkpoint, and the random numbers of this process; returns the step.

    Random states are those of the same rank; with another number of processes than before, they stay as they are.
    Raises DataError where the checkpoint is that of another network.
    """
    try:
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except (KeyError, ValueError, RuntimeError) as error:
        raise DataError(f"{CHECKPOINT} belongs to another run ({str(error).splitlines()[0]}); choose another folder") from error
    if len(state["random"]) == world_size():
        _set_random_state(state["random"][rank])
    return int(state["step"])


def load_network(folder: Path) -> SuperPointNet:
    """The network (with batch norm) of the newest checkpoint of a run folder. Raises DataError where there is none."""
    state = read_checkpoint(folder)
    if state is None:
        raise DataError(f"{folder} has no {CHECKPOINT}; give the folder of a training run")
    network = SuperPointNet(infer_architecture(state["network"]), batch_norm=True)
    network.load_state_dict(state["network"])
    return network


def gathered_random_states() -> list[Any]:
    """The state of all random number generators of every process, by rank. All processes must call it."""
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 (libraries may draw from it)
    own = {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
        "numpy": (torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, gauss),
        "python": random.getstate(),
    }
    if world_size() == 1:
        return [own]
    states: list[Any] = [None] * world_size()
    distributed.all_gather_object(states, own)
    return states


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    keys, *rest = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
