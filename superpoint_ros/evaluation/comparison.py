"""Runs side by side: every kind of features against its baseline, on the pairs and seeds that all have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.confidence import Estimate, difference, estimate, statistic
from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.evaluation.summary import scenes_of, table, unique

MAY_DIFFER = frozenset({"command", "data", "date", "features", "notes", "revision", "seeds", "versions"})
"""Settings that may differ between runs that are compared: provenance, and what is looked at pair by pair. All others are the
protocol."""

Key = tuple[str, int]
"""A pair of images and a seed."""


@dataclass(frozen=True)
class Contender:
    """One kind of features of one run. name: with the run where several runs have the same features.

    baseline: name of the contender that it is compared with, empty for one that others are compared with.
    figures, differences: by name of the metric; no differences without a baseline.
    """

    name: str
    baseline: str
    figures: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]


@dataclass(frozen=True)
class Comparison:
    """pairs, seeds: what all have in common and what alone was compared. left_out: evaluations of any run beyond that."""

    protocol: str
    metrics: tuple[Metric, ...]
    contenders: tuple[Contender, ...]
    pairs: int
    seeds: int
    left_out: int


def compare_runs(runs: Mapping[str, Run]) -> Comparison:
    """runs: by a name, in the order of the tables.

    Features are compared with those of the same name, or else the same kind (``small:1a2b3c4d`` with ``small:5e6f7a8b``), of the
    first run; without such, and within the first run, with the first features of the first run.
    Raises DataError where the runs are of different protocols or settings, or have no pair in common.
    """
    _check(runs)
    entrants = [
        (run, features, _rows(runs[run], features)) for run in runs for features in unique(r.features for r in runs[run].counted)
    ]
    if not entrants:
        raise DataError("there is nothing to compare: no run has any row")
    common = set.intersection(*({(row.pair, row.seed) for row in rows} for _, _, rows in entrants))
    if not common:
        examples = " and ".join(repr(rows[0].pair) for _, _, rows in (entrants[0], entrants[-1]))
        raise DataError(
            f"{', '.join(runs)} have no pair of images in common under the same seed; they have {examples}, for example"
        )
    first = next(iter(runs))
    metrics = _common_metrics(list(runs.values()))
    names = [
        features if sum(f == features for _, f, _ in entrants) == 1 else f"{features} ({run})" for run, features, _ in entrants
    ]
    shared = [_shared(rows, common) for _, _, rows in entrants]
    values, scenes = [_values(metrics, rows) for rows in shared], scenes_of(shared[0])
    references = [_baseline(entrants, index, first) for index in range(len(entrants))]
    contenders = tuple(
        Contender(
            name,
            names[reference] if reference is not None else "",
            {m.name: estimate(own[m.name], statistic(m), scenes) for m in metrics},
            {m.name: difference(own[m.name], values[reference][m.name], statistic(m), scenes) for m in metrics}
            if reference is not None
            else {},
        )
        for name, own, reference in zip(names, values, references, strict=True)
    )
    left_out = sum(len(rows) - len(common) for _, _, rows in entrants)
    pairs, seeds = {pair for pair, _ in common}, {seed for _, seed in common}
    return Comparison(next(iter(runs.values())).protocol, metrics, contenders, len(pairs), len(seeds), left_out)


def only_group(runs: Mapping[str, Run], group: str) -> dict[str, Run]:
    """The rows of one group."""
    return {name: replace(run, rows=tuple(row for row in run.rows if row.group == group)) for name, run in runs.items()}


def common_groups(runs: Mapping[str, Run]) -> list[str]:
    """Groups that all runs have, in the order of the first; none where there is only one."""
    groups = [unique(row.group for row in run.counted) for run in runs.values()]
    shared = [group for group in groups[0] if all(group in others for others in groups)]
    return shared if len(shared) > 1 else []


def _check(runs: Mapping[str, Run]) -> None:
    (first, reference), *others = runs.items()
    for name, run in others:
        if run.protocol != reference.protocol:
            raise DataError(
                f"{first} is of protocol {reference.protocol!r}, {name} of {run.protocol!r}: their figures don't compare"
            )
        ours, theirs = flat(reference.settings), flat(run.settings)
        for setting in unique([*ours, *theirs]):
            if ours.get(setting) != theirs.get(setting) and setting.split(".")[0] not in MAY_DIFFER:
                raise DataError(
                    f"{setting} is {ours.get(setting, 'not set')} in {first} and {theirs.get(setting, 'not set')} in {name}: "
                    "figures compare only under the same settings; evaluate one of them again"
                )


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _rows(run: Run, features: str) -> list[ResultRow]:
    return [row for row in run.counted if row.features == features]


def _common_metrics(runs: Sequence[Run]) -> tuple[Metric, ...]:
    """Those that all runs define alike. By their text, for a threshold may be NaN."""
    shared = set.intersection(*({repr(metric) for metric in run.metrics} for run in runs))
    metrics = tuple(metric for metric in runs[0].metrics if repr(metric) in shared)
    if not metrics:
        raise DataError("the runs have no metric in common; they were made by different versions, evaluate again")
    return metrics


def _shared(rows: Sequence[ResultRow], common: set[Key]) -> list[ResultRow]:
    """Those of pairs and seeds that all have, in an order that is the same for all."""
    return sorted((row for row in rows if (row.pair, row.seed) in common), key=lambda row: (row.pair, row.seed))


def _values(metrics: Sequence[Metric], rows: Sequence[ResultRow]) -> dict[str, Any]:
    keys: list[Key] = [(row.pair, row.seed) for row in rows]
    return {metric.name: table(dict(zip(keys, metric.values(rows), strict=True))) for metric in metrics}


def _baseline(entrants: Sequence[tuple[str, str, list[ResultRow]]], index: int, first: str) -> int | None:
    run, features, _ = entrants[index]
    if index == 0:
        return None
    candidates = [at for at, (other, _, _) in enumerate(entrants) if other == first] if run != first else []
    same = [at for at in candidates if entrants[at][1] == features]
    kind = [at for at in candidates if entrants[at][1].partition(":")[0] == features.partition(":")[0]]
    return (same or (kind if len(kind) == 1 else []) or [0])[0]
