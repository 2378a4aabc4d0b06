"""Rows to figures: every metric of every kind of features, for all pairs and for each group, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from superpoint_ros.evaluation.confidence import CONFIDENCE, RESAMPLES, Estimate, estimate, statistic
from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.evaluation.tables import figure
from superpoint_ros.types import DoubleArray


@dataclass(frozen=True)
class FeatureSummary:
    """The figures of one kind of features by name of the metric. group: empty for all pairs.

    pairs, rows: that count. failed: rows that count as failures. excluded: pairs that count nowhere.
    """

    features: str
    group: str
    pairs: int
    rows: int
    failed: int
    excluded: int
    figures: Mapping[str, Estimate]


def summarize_run(run: Run) -> tuple[FeatureSummary, ...]:
    """All pairs first, then each group where there are several; features in the order of the rows."""
    groups = unique(row.group for row in run.rows)
    selections = {"": run.rows}
    if len(groups) > 1:
        selections |= {group: tuple(row for row in run.rows if row.group == group) for group in groups}
    return tuple(
        _summarize(run.metrics, features, group, [row for row in rows if row.features == features])
        for group, rows in selections.items()
        for features in unique(row.features for row in rows)
    )


def _summarize(metrics: Sequence[Metric], features: str, group: str, rows: Sequence[ResultRow]) -> FeatureSummary:
    keys, scenes = [(row.pair, row.seed) for row in rows], scenes_of(rows)
    figures = {
        metric.name: estimate(table(dict(zip(keys, metric.values(rows), strict=True))), statistic(metric), scenes)
        for metric in metrics
    }
    counted = [row for row in rows if not row.excluded]
    pairs, excluded = len({row.pair for row in counted}), len({row.pair for row in rows if row.excluded})
    return FeatureSummary(features, group, pairs, len(counted), sum(row.failed for row in counted), excluded, figures)


def table(values: Mapping[tuple[str, int], float]) -> DoubleArray:
    """(P, S), a row per pair and a column per seed, from values by (pair, seed); NaN where there is none."""
    pairs, seeds = unique(pair for pair, _ in values), sorted({seed for _, seed in values})
    place = {pair: row for row, pair in enumerate(pairs)}, {seed: column for column, seed in enumerate(seeds)}
    found = np.full((len(pairs), len(seeds)), np.nan)
    for (pair, seed), value in values.items():
        found[place[0][pair], place[1][seed]] = value
    return found


def scenes_of(rows: Iterable[ResultRow]) -> list[str]:
    """(P) the scene of each pair, in the order of ``table``: of first appearance."""
    return list({row.pair: row.scene or row.pair for row in rows}.values())


def subject(run: Run) -> str:
    """What a row is about: pairs of images, or whole sequences."""
    return "sequences" if run.protocol == "trajectory" else "pairs"


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, in the order of first appearance."""
    return list(dict.fromkeys(names))


def best(metric: Metric, summaries: Sequence[FeatureSummary]) -> set[str]:
    """Names of the features with the best figure; several where they print alike, none where it is a count or only one has it."""
    if metric.higher_is_better is None:
        return set()
    values = {summary.features: summary.figures[metric.name].value for summary in summaries}
    values = {name: value for name, value in values.items() if not np.isnan(value)}
    if len(values) < 2:
        return set()
    top = value_text(metric, (max if metric.higher_is_better else min)(values.values()))
    return {name for name, value in values.items() if value_text(metric, value) == top}


def heading(metric: Metric) -> str:
    """Label, unit, and an arrow towards the better side, if there is one."""
    arrow = {True: "\N{NO-BREAK SPACE}↑", False: "\N{NO-BREAK SPACE}↓", None: ""}[metric.higher_is_better]
    return f"{metric.label} [{metric.unit or '%'}]{arrow}"


def value_text(metric: Metric, value: float) -> str:
    """As a table prints it: shares in percent."""
    if metric.unit or not np.isfinite(value):
        return figure(value)
    return f"{100.0 * value:.1f}"


def interval_text(metric: Metric, found: Estimate) -> str:
    """The 95 % interval; empty where there are too few pairs for one."""
    return "" if np.isnan(found.low) else f"[{value_text(metric, found.low)}, {value_text(metric, found.high)}]"


def spread_text(metric: Metric, found: Estimate) -> str:
    """The standard deviation over seeds; empty for one seed."""
    return "" if np.isnan(found.spread) else f"±{value_text(metric, found.spread)}"


def as_json(run: Run, summaries: Sequence[FeatureSummary]) -> dict[str, Any]:
    """For ``summary.json``: one flat record per features, group and metric, as data frames like it. NaN and infinity are null."""
    records = [
        {
            "features": summary.features,
            "group": summary.group or None,
            "metric": metric.name,
            "rows": summary.rows,
            "failed": summary.failed,
            "excluded": summary.excluded,
            **{name: value if np.isfinite(value) else None for name, value in asdict(summary.figures[metric.name]).items()},
        }
        for summary in summaries
        for metric in run.metrics
    ]
    return {"protocol": run.protocol, "confidence": CONFIDENCE, "resamples": RESAMPLES, "figures": records}
