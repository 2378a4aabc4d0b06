"""The training loop: the same for one CPU, a GPU and many machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.training.batches import Batch, BatchStream, MakeSample, Part, in_background
from superpoint_ros.training.board import Board
from superpoint_ros.training.checkpoint import (
    Stateful,
    checkpoint_bytes,
    gathered_random_states,
    read_checkpoint,
    restore,
    save_checkpoint,
)
from superpoint_ros.training.config import TrainingConfig
from superpoint_ros.training.interrupt import StopRequest, TrainingStopped
from superpoint_ros.training.parallel import mean_over_processes, share_batch_norm, start_processes
from superpoint_ros.training.run_folder import FigureFile, begin, check_folder, locked
from superpoint_ros.training.validation import example_picture, measure, random_views

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Network = Callable[[Tensor], tuple[Tensor, Tensor]]
"""``SuperPointNet``, or what computes the same in mixed precision and on several devices."""
Losses = Mapping[str, Tensor]
"""Named figures of a batch; ``loss`` is what is minimized. Their mean over equal parts of a batch is that of the whole batch."""
OnLog = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Stage:
    """What is trained on what.

    network: changed in place. make_sample: one image or pair; ``batch`` of them make a step. validation: images that are not
    learned from. data: where the samples come from, in plain values for the record; a run goes on with the same data only.
    """

    network: SuperPointNet
    make_sample: MakeSample
    batch: int
    losses: Callable[[Network, Batch], Losses]
    validation: Sequence[NDArray[np.uint8]] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def train(stage: Stage, config: TrainingConfig, folder: Path, on_log: OnLog = lambda step, figures: None) -> bool:
    """Train up to the last step, from the checkpoint in ``folder`` where there is one; returns whether this is the first process.

    on_log: called in the first process, at the start (without figures) and with each row of ``log.csv``.
    Raises ConfigError where the folder holds a run with other settings or another process trains in it, DataError where the disk
    is full or the loss is not finite any more (the newest checkpoint is from before that), DeviceError, MissingDependencyError;
    and, in the first process, TrainingStopped after SIGINT or SIGTERM: after the step, or, of several processes, after the next
    row of the log.
    """
    check_folder(folder, config, stage.data)
    fabric = start_processes(config.machine)
    if stage.batch % fabric.world_size:
        raise ConfigError(f"a batch of {stage.batch} cannot be shared by {fabric.world_size} processes: take a multiple")
    is_first = bool(fabric.is_global_zero)
    with locked(folder) if is_first else nullcontext(True) as alone, StopRequest() as request:
        if fabric.broadcast(alone):
            stopped_at = _Run(fabric, stage, config, folder).steps(on_log, request)
            if is_first and stopped_at is not None:
                raise TrainingStopped(stopped_at, config.optimizer.steps)
        elif is_first:
            raise ConfigError(f"another process is training in {folder}: wait until it ends, or choose another folder")
    return is_first


class _Run:
    """One training run in one process."""

    def __init__(self, fabric: Fabric, stage: Stage, config: TrainingConfig, folder: Path) -> None:
        self._fabric, self._stage, self._config, self._folder = fabric, stage, config, folder
        self._plain = stage.network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        share_batch_norm(self._plain, fabric.device)
        settings = config.optimizer
        optimizer = torch.optim.AdamW(self._plain.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            settings.learning_rate,
            total_steps=settings.steps,
            pct_start=settings.warm_up,
            div_factor=1.0 / settings.first_share,
            final_div_factor=settings.first_share / settings.last_share,
        )
        self._network, self._optimizer = fabric.setup(self._plain, optimizer)
        self._parts: dict[str, Stateful] = {
            "network": self._plain,
            "optimizer": optimizer,
            "schedule": self._schedule,
            "precision": fabric.strategy.precision,
        }

    def steps(self, on_log: OnLog, request: StopRequest) -> int | None:
        """The step after which it stopped on request, None at the end."""
        config, fabric = self._config, self._fabric
        torch.manual_seed(config.seed + fabric.global_rank)
        # The first process reads it for all of them: the other machines need not see the folder.
        state = fabric.broadcast(read_checkpoint(self._folder) if fabric.is_global_zero else None)
        step = restore(state, fabric.global_rank, self._parts) if state is not None else 0
        record = _Record(self._plain, self._stage, config, self._folder, step, on_log) if fabric.is_global_zero else None
        if record and step == 0:
            record.validate(step)
        stream = BatchStream(
            self._stage.make_sample, self._stage.batch, config.seed, step, Part(fabric.global_rank, fabric.world_size)
        )
        batches = in_background(stream, config.machine.workers, pin_memory=fabric.device.type == "cuda")
        sums: dict[str, Tensor] = {}
        rows = 0
        saved = time.monotonic()
        while step < config.optimizer.steps:
            for name, value in self._step(fabric.to_device(next(batches))).items():
                sums[name] = sums[name] + value if name in sums else value
            step, rows = step + 1, rows + 1
            last = step == config.optimizer.steps
            # Several processes must agree to stop, and do so where they exchange figures anyway.
            if step % config.log.every and not last and not (request.asked and fabric.world_size == 1):
                continue
            figures = self._figures(sums, rows, step)
            sums, rows = {}, 0
            if record:
                record.write(step, figures, last)
            stop = not last and self._any(request.asked)
            # Only here, where the figures are known to be finite. The clock of one process decides for all of them.
            if fabric.broadcast(last or stop or time.monotonic() - saved > config.log.checkpoint_seconds):
                random_states = gathered_random_states()
                if record:
                    record.save(checkpoint_bytes(step, random_states, self._parts))
                saved = time.monotonic()
            if stop:
                break
        if record:
            record.close()
        return None if step == config.optimizer.steps else step

    def _any(self, asked: bool) -> bool:
        """Whether it is true in any process."""
        return bool(mean_over_processes(torch.tensor(float(asked), device=self._fabric.device)) > 0)

    def _step(self, batch: Batch) -> dict[str, Tensor]:
        """Learn from one batch; returns its figures."""
        losses = self._stage.losses(self._network, batch)
        self._optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(losses["loss"])
        norm = self._fabric.clip_gradients(
            self._network, self._optimizer, max_norm=self._config.optimizer.max_gradient, error_if_nonfinite=False
        )
        self._optimizer.step()
        self._schedule.step()
        assert norm is not None
        if self._config.machine.precision == "16-mixed":
            # Some gradients overflow, and the scaler leaves out their step.
            norm = norm.nan_to_num(0.0, 0.0, 0.0)
        return {**{name: value.detach() for name, value in losses.items()}, "gradient_norm": norm.detach()}

    def _figures(self, sums: Mapping[str, Tensor], rows: int, step: int) -> dict[str, float]:
        """Means over these steps and all processes. Raises DataError, in all processes, where one is not finite."""
        means = mean_over_processes(torch.stack([value.float() for value in sums.values()]) / rows)
        figures = dict(zip(sums, means.tolist(), strict=True))
        bad = [f"{name} = {value}" for name, value in figures.items() if not np.isfinite(value)]
        if bad:
            raise DataError(
                f"training diverged between steps {step - rows} and {step} ({bad[0]}); the last checkpoint is from before that:"
                " try a smaller learning rate, or precision 32-true, in a new folder"
            )
        return {**figures, "learning_rate": float(self._schedule.get_last_lr()[0])}


class _Record:
    """What the first process writes down."""

    def __init__(
        self, network: SuperPointNet, stage: Stage, config: TrainingConfig, folder: Path, step: int, on_log: OnLog
    ) -> None:
        begin(folder, config, stage.data, step)
        self._row = step
        self._network, self._config, self._folder, self._on_log = network, config, folder, on_log
        self._log = FigureFile(folder / "log.csv", step)
        self._validation = FigureFile(folder / "validation.csv", step)
        self._views = random_views(stage.validation, config.seed)
        self._board = Board(folder, step)
        on_log(step, {})

    def write(self, step: int, figures: Mapping[str, float], last: bool) -> None:
        self._log.write(step, figures)
        self._board.figures("training", step, figures)
        self._on_log(step, figures)
        every = self._config.log.validate_every
        if last or step // every > self._row // every:
            self.validate(step)
        self._row = step

    def validate(self, step: int) -> None:
        if self._views:
            figures = measure(self._network, self._views)
            self._validation.write(step, figures)
            self._board.figures("validation", step, figures)
            self._board.picture("keypoints", step, example_picture(self._network, self._views[0]))

    def save(self, checkpoint: bytes) -> None:
        # A checkpoint promises that the rows up to its step are there.
        self._log.sync()
        self._validation.sync()
        save_checkpoint(self._folder, checkpoint)

    def close(self) -> None:
        self._board.close()
