"""The training loop: optimizer, schedule, checkpoints, log."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from superpoint_ros.errors import DataError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import infer_architecture

Batch = Mapping[str, Tensor]
Losses = Mapping[str, Tensor]
"""Named figures of a batch; ``loss`` is what is minimized."""


@dataclass(frozen=True)
class LoopConfig:
    """steps: length of the whole run. learning_rate: peak of the one-cycle schedule. checkpoint_seconds: between two files."""

    steps: int
    learning_rate: float
    weight_decay: float = 1e-4
    checkpoint_seconds: float = 120.0
    log_every: int = 50


def train(
    network: SuperPointNet,
    batches: Callable[[int], Iterator[Batch]],
    losses: Callable[[SuperPointNet, Batch], Losses],
    folder: Path,
    config: LoopConfig,
    on_log: Callable[[int, Mapping[str, float]], None] = lambda step, figures: None,
) -> None:
    """Train in place up to ``config.steps``, from the checkpoint in ``folder`` where there is one.

    batches: called with the step to start at; the stream must depend on nothing else. Writes ``checkpoint.pt`` and ``log.csv``.
    Raises DataError where the checkpoint belongs to another run.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.steps, pct_start=0.08, div_factor=20, final_div_factor=50
    )
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    step = 0
    if checkpoint.exists():
        step = _restore(checkpoint, network, optimizer, schedule)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    saved = time.monotonic()
    sums: dict[str, float] = {}
    for batch in batches(step):
        if step >= config.steps:
            break
        figures = losses(network, batch)
        optimizer.zero_grad(set_to_none=True)
        figures["loss"].backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        step += 1
        for name, value in figures.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach()) / config.log_every
        if step % config.log_every == 0:
            _log(folder / "log.csv", step, sums)
            on_log(step, sums)
            sums = {}
        if time.monotonic() - saved > config.checkpoint_seconds or step == config.steps:
            _save(checkpoint, network, optimizer, schedule, step)
            saved = time.monotonic()


def in_background(stream: IterableDataset[Batch]) -> Iterator[Batch]:
    """The batches of an endless stream, made ahead of their use by another process."""
    # Spawned: a process forked from one whose OpenMP threads have run can wait for them for ever.
    loader = DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=4, multiprocessing_context="spawn")
    return iter(loader)


def load_network(folder: Path) -> SuperPointNet:
    """The network (with batch norm) of the newest checkpoint of a run folder. Raises DataError where there is none."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        raise DataError(f"{folder} has no checkpoint.pt; give the folder of a training run")
    state = torch.load(path, weights_only=True)["network"]
    network = SuperPointNet(infer_architecture(state), batch_norm=True)
    network.load_state_dict(state)
    return network


def _save(path: Path, network: SuperPointNet, optimizer: torch.optim.Optimizer, schedule: Any, step: int) -> None:
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    state = {name: part.state_dict() for name, part in parts.items()}
    partial = path.with_suffix(".partial")
    torch.save({**state, "step": step}, partial)
    partial.replace(path)


def _restore(path: Path, network: SuperPointNet, optimizer: torch.optim.Optimizer, schedule: Any) -> int:
    state = torch.load(path, weights_only=True)
    try:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} belongs to another run ({str(error).splitlines()[0]}); choose another output folder") from error
    return int(state["step"])


def _log(path: Path, step: int, figures: Mapping[str, float]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", *figures])
        writer.writerow([step, *(f"{value:.6g}" for value in figures.values())])
