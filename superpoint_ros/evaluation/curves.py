"""Curves over a threshold, from the rows of a run: mean matching accuracy, and the share of pairs below an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from superpoint_ros.evaluation import plots
from superpoint_ros.evaluation.report import Plot
from superpoint_ros.evaluation.result import Metric, Run
from superpoint_ros.evaluation.summary import unique

MIN_POINTS = 4
"""A figure is drawn over its threshold if the rows have it at this many."""
_NUMBER = r"\d+(?:\.\d+)?"


def curves(run: Run) -> Iterator[Plot]:
    """One plot per family of figures such as ``mma_1`` … ``mma_10``, and one per error that an AUC or a share is of."""
    rows = {
        features: [row for row in run.rows if row.features == features] for features in unique(row.features for row in run.rows)
    }
    for metric, columns in _families(run):
        at = sorted(columns)
        series = {name: (at, [replace(metric, column=columns[x]).of(own) for x in at]) for name, own in rows.items()}
        label = re.sub(rf"[\s@=ε]*{_NUMBER}\s*(px|°)?$", "", metric.label)
        yield Plot(f"{label} over the threshold", plots.curves(series, "threshold [px]", label, markers=True))
    for column, metric in _errors(run).items():
        at = np.linspace(0.0, metric.threshold, 161).tolist()
        shares = [replace(metric, kind="share", threshold=x) for x in at]
        values = {name: metric.values(own) for name, own in rows.items()}
        series = {name: (at, [share.of_values(errors) for share in shares]) for name, errors in values.items()}
        what, unit = error_name(column), error_unit(column)
        caption = "The area below a curve, up to a threshold, is the AUC. A pair without an estimate counts as wrong."
        yield Plot(f"Pairs with at most this {what}", plots.curves(series, f"{what} [{unit}]", "pairs"), caption)


def error_name(column: str) -> str:
    """``corner_error_opencv`` in words."""
    kind, _, estimator = column.replace("_", " ").partition(" error")
    return f"{kind} error" + (f" by{estimator}" if estimator else "")


def error_unit(column: str) -> str:
    """Errors of poses are angles, those of homographies distances."""
    return "°" if "pose" in column else "px"


def _families(run: Run) -> Iterator[tuple[Metric, dict[float, str]]]:
    """(a metric of the family, its columns by threshold)"""
    names = unique(name for row in run.rows for name in row.figures)
    seen = set()
    for metric in run.metrics:
        match = re.fullmatch(rf"(.+_){_NUMBER}", metric.column or metric.name)
        if metric.kind != "mean" or match is None or match[1] in seen:
            continue
        seen.add(match[1])
        columns = {float(name[len(match[1]) :]): name for name in names if re.fullmatch(re.escape(match[1]) + _NUMBER, name)}
        if len(columns) >= MIN_POINTS:
            yield metric, columns


def _errors(run: Run) -> dict[str, Metric]:
    """The metric with the largest threshold of each column that shares or areas are computed from."""
    found: dict[str, Metric] = {}
    for metric in run.metrics:
        column = metric.column or metric.name
        if metric.kind in ("share", "auc") and (column not in found or found[column].threshold < metric.threshold):
            found[column] = metric
    return found
