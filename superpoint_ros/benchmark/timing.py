"""Time of functions, so that ratios hold even on a computer that has other work."""

from __future__ import annotations

import cProfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

WARM_UP = 3
"""Runs that pay for memory, caches and plans, and are not counted."""
_PATIENCE = 60.0
"""Seconds after which a comparison ends with the rounds that it has, if these are at least three."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of wall clock: median, 10th and 90th percentile of so many samples.

    cpu_ms: median of the time that all threads of the process computed, which says more where others compute, too; 0 where it
    was not measured.
    """

    median_ms: float
    p10_ms: float
    p90_ms: float
    samples: int
    cpu_ms: float = 0.0

    @staticmethod
    def of(milliseconds: Sequence[float], cpu: Sequence[float] = ()) -> Timing:
        """At least one sample."""
        low, median, high = np.percentile(milliseconds, (10, 50, 90))
        return Timing(float(median), float(low), float(high), len(milliseconds), float(np.median(cpu)) if len(cpu) else 0.0)


def take_turns(tasks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Run tasks one after the other, round after round, so that a busy or hot moment of the computer hits all of them."""
    for task in tasks.values():
        for _ in range(WARM_UP):
            task()
    wall: dict[str, list[float]] = {name: [] for name in tasks}
    cpu: dict[str, list[float]] = {name: [] for name in tasks}
    began = time.perf_counter()
    for done in range(rounds):
        if done >= 3 and time.perf_counter() - began > _PATIENCE:
            break
        for name, task in tasks.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            task()
            wall[name].append(1e3 * (time.perf_counter() - start))
            cpu[name].append(1e3 * (time.process_time() - cpu_start))
    return {name: Timing.of(wall[name], cpu[name]) for name in tasks}


def profile(task: Callable[[], object], stages: Mapping[CodeType, str]) -> dict[str, float]:
    """Milliseconds that one run of a task spends in functions, by the names that ``stages`` gives to their code.

    The real task is run under Python's own profiler, so that no second version of it has to be kept for measuring. Functions of
    one name add up. A stage that did not run takes no time.
    """
    profiler = cProfile.Profile(builtins=False)
    profiler.enable()
    try:
        task()
    finally:
        profiler.disable()
    entries: list[Any] = list(profiler.getstats())
    found = dict.fromkeys(stages.values(), 0.0)
    for entry in entries:
        if entry.code in stages:
            found[stages[entry.code]] += 1e3 * entry.totaltime
    return found


def profile_rounds(tasks: Sequence[Callable[[], object]], stages: Mapping[CodeType, str]) -> dict[str, Timing]:
    """Profile each of the tasks, which do the same on different input; the first ones only warm up."""
    for task in tasks[:WARM_UP]:
        task()
    runs = [profile(task, stages) for task in tasks[WARM_UP:]]
    return {name: Timing.of([run[name] for run in runs]) for name in runs[0]}
