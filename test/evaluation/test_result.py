"""How rows become figures."""

from __future__ import annotations

import math

import pytest

from superpoint_ros.evaluation.result import Metric, ResultRow


def row(error: str = "", **figures: float) -> ResultRow:
    return ResultRow("sift", "a/1-2", "a", 0, error, figures)


ROWS = [row(e=0.0, s=1.0), row(e=2.0, s=0.5), row(e=math.inf, s=0.0), row("no image")]


def test_failed_pairs_count_as_failures() -> None:
    assert Metric("s", "score", "", True, "mean", 0.0).of(ROWS) == pytest.approx(1.5 / 4)
    assert Metric("c", "correct", "", True, "share", math.inf, "e", 2.0).of(ROWS) == pytest.approx(2 / 4)
    assert Metric("m", "median", "px", False, "median", math.inf, "e").of(ROWS[:3]) == pytest.approx(2.0)
    # One of four errors is 0 and the next is 2: the curve rises to 1/4 at 0 and to 1/2 at 2, then stays.
    assert Metric("a", "AUC", "", True, "auc", math.inf, "e", 4.0).of(ROWS) == pytest.approx((2 * 0.375 + 2 * 0.5) / 4)


def test_a_figure_that_is_not_defined_is_left_out() -> None:
    metric = Metric("mle", "MLE", "px", False, "mean", math.nan)
    assert metric.of([row(mle=1.0), row(mle=math.nan), row("failed"), row(mle=2.0)]) == pytest.approx(1.5)
    assert math.isnan(metric.of([row(mle=math.nan)]))
