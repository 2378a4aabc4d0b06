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
    """Milliseconds: median, 10th and 90th percentile of so many samples."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    samples: int

    @staticmethod
    def of(milliseconds: Sequence[float]) -> Timing:
        """At least one sample."""
        low, median, high = np.percentile(milliseconds, (10, 50, 90))
        return Timing(float(median), float(low), float(high), len(milliseconds))


def take_turns(tasks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Run tasks one after the other, round after round, so that a busy or hot moment of the computer hits all of them."""
    for task in tasks.values():
        for _ in range(WARM_UP):
            task()
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    began = time.perf_counter()
    for done in range(rounds):
        if done >= 3 and time.perf_counter() - began > _PATIENCE:
            break
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            samples[name].append(1e3 * (time.perf_counter() - start))
    return {name: Timing.of(milliseconds) for name, milliseconds in samples.items()}


def profile(task: Callable[[], object], stages: Mapping[CodeType, str], caller: CodeType | None = None) -> dict[str, float]:
    """Milliseconds that one run of a task spends in functions, by the names that ``stages`` gives to their code.

    The real task is run under Python's own profiler, so that no second version of it has to be kept for measuring. Functions of
    one name add up. caller: count only what this function calls directly. A stage that did not run takes no time.
    """
    profiler = cProfile.Profile(builtins=False)
    profiler.enable()
    try:
        task()
    finally:
        profiler.disable()
    entries: list[Any] = list(profiler.getstats())
    if caller is not None:
        entries = [call for entry in entries if entry.code is caller for call in entry.calls or ()]
    found = dict.fromkeys(stages.values(), 0.0)
    for entry in entries:
        if entry.code in stages:
            found[stages[entry.code]] += 1e3 * entry.totaltime
    return found


def profile_rounds(
    tasks: Sequence[Callable[[], object]], stages: Mapping[CodeType, str], caller: CodeType | None = None
) -> dict[str, Timing]:
    """Profile each of the tasks, which do the same on different input; the first ones only warm up."""
    for task in tasks[:WARM_UP]:
        task()
    runs = [profile(task, stages, caller) for task in tasks[WARM_UP:]]
    return {name: Timing.of([run[name] for run in runs]) for name in runs[0]}
