"""Endless streams of batches that depend on a seed and the step alone, whoever makes which part of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from superpoint_ros.training.interrupt import leave_signals_to_parent, signals_held_back

Batch = Mapping[str, Tensor]
Sample = Mapping[str, NDArray[Any]]
"""One image or pair: arrays that are stacked into a batch."""

_TRAINING = 1
"""Last word of the seed of every sample: nothing that is seeded by up to three words is ever drawn in training."""

MakeSample = Callable[[np.random.Generator], Sample]


@dataclass(frozen=True)
class Part:
    """Part ``index`` of ``count`` equal ones of every batch: what one of several training processes makes."""

    index: int = 0
    count: int = 1


class BatchStream(IterableDataset[Batch]):
    """Batches from number ``start`` on. Sample i of batch n depends on the seed, n and i alone."""

    def __init__(self, make: MakeSample, batch: int, seed: int, start: int = 0, part: Part = Part()) -> None:
        size = batch // part.count
        self._make, self._seed, self._start = make, seed, start
        self._samples = range(part.index * size, (part.index + 1) * size)

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        # The loader takes from its workers in turn, so that the order is that of one worker.
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in itertools.count(self._start + first, stride):
            samples = [self._make(np.random.default_rng([self._seed, step, n, _TRAINING])) for n in self._samples]
            yield {name: torch.from_numpy(np.stack([sample[name] for sample in samples])) for name in samples[0]}


def in_background(stream: BatchStream, workers: int, pin_memory: bool) -> Iterator[Batch]:
    """The batches of a stream, made ahead of their use by other processes; with 0 workers, made by this one when asked for."""
    if workers == 0:
        return iter(stream)
    # Spawned: a process forked from one whose OpenMP threads have run can wait for them for ever.
    loader = DataLoader(
        stream,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4,
        multiprocessing_context="spawn",
        pin_memory=pin_memory,
        worker_init_fn=_begin_work,
    )
    with signals_held_back():
        return iter(loader)


def _begin_work(worker: int) -> None:
    leave_signals_to_parent()
