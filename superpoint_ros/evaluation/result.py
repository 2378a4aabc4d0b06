"""What an evaluation leaves behind: one row per features, pair and seed, and how rows become figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from superpoint_ros.evaluation.metrics.auc import error_auc
from superpoint_ros.types import DoubleArray


@dataclass(frozen=True)
class ResultRow:
    """One pair of images under one kind of features and one seed.

    features: e.g. ``small:1a2b3c4d`` or ``sift``. error: empty, or one line why the pair failed. figures: values by column; NaN
    where one is not defined. scene: of the pair, see ``ImagePair``. excluded: the pair itself is wrong, as the error says, so
    that the row counts nowhere.
    """

    features: str
    pair: str
    group: str
    seed: int
    error: str
    figures: Mapping[str, float]
    scene: str = ""
    excluded: bool = False

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure of the features."""
        return bool(self.error) and not self.excluded


@dataclass(frozen=True)
class Metric:
    """A figure of a table, computed from the rows of one kind of features alone.

    name: unique in a run, e.g. ``homography_3``. label: for people, e.g. ``homography ε=3``. unit: ``px``, ``°``, or empty for
    shares, which are in [0, 1]. column: of the rows; the name where it is empty.
    higher_is_better: None for a count, of which neither is.
    kind: ``mean`` and ``median`` of the column, ``share`` of rows whose value is at most the threshold, or ``auc``, the area
    under the curve of that share for errors up to the threshold.
    on_failure: what a row with an error counts as; NaN leaves it out, which is right only for figures that are not defined for
    a failure, such as a localization error.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    kind: Literal["mean", "median", "share", "auc"]
    on_failure: float
    column: str = ""
    threshold: float = float("nan")

    def values(self, rows: Iterable[ResultRow]) -> DoubleArray:
        """(N,) the column in the order of the rows, with what failures count as, and NaN for what is excluded."""
        column = self.column or self.name
        return np.array([self.on_failure if row.failed else row.figures.get(column, np.nan) for row in rows], np.float64)

    def of(self, rows: Iterable[ResultRow]) -> float:
        """The figure; NaN without any row that it is defined for."""
        return self.of_values(self.values(rows))

    def of_values(self, values: DoubleArray) -> float:
        """The figure of what ``values`` gave, or of a resampling of it."""
        known = values[~np.isnan(values)]
        if len(known) == 0:
            return float("nan")
        if self.kind == "mean":
            return float(known.mean())
        if self.kind == "median":
            return float(np.median(known))
        if self.kind == "share":
            return float((known <= self.threshold).mean())
        return error_auc(known, [self.threshold])[0]


@dataclass(frozen=True)
class Run:
    """Everything that one command found out.

    protocol: name of the preset and what was measured, e.g. ``hpatches-1000 homography``. settings: resolution, K, NMS,
    threshold, ε, estimator, seeds, data name, versions, revision, command, date. metrics: in the order of the tables.
    """

    protocol: str
    settings: Mapping[str, Any]
    rows: tuple[ResultRow, ...]
    metrics: tuple[Metric, ...]

    @property
    def counted(self) -> tuple[ResultRow, ...]:
        """The rows that are not excluded."""
        return tuple(row for row in self.rows if not row.excluded)

    @property
    def excluded(self) -> int:
        """How many pairs count nowhere."""
        return len({row.pair for row in self.rows if row.excluded})
