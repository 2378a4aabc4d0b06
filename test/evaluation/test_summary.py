"""Rows to figures, and figures to words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from superpoint_ros.evaluation.confidence import Estimate
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.evaluation.summary import (
    FeatureSummary,
    best,
    heading,
    interval_text,
    spread_text,
    summarize_run,
    table,
    value_text,
)

SHARE = Metric("mma_3", "MMA@3", "", True, "mean", 0.0)
ERROR = Metric("error", "MLE", "px", False, "mean", 0.0)
COUNT = Metric("keypoints", "keypoints", "per image", None, "mean", 0.0)


def summary(features: str, value: float) -> FeatureSummary:
    found = Estimate(value, value - 0.01, value + 0.01, 0.004, 9, 3, 2)
    return FeatureSummary(features, "", 9, 27, 0, 0, {metric.name: found for metric in (SHARE, ERROR, COUNT)})


def test_a_value_without_its_seed_is_missing_and_not_shifted() -> None:
    found = table({("b", 5): 1.0, ("a", 2): 2.0, ("b", 2): 3.0})
    np.testing.assert_array_equal(found, [[3.0, 1.0], [2.0, np.nan]])


def test_all_pairs_come_first_and_then_every_group(make_run) -> None:
    found = [(s.group, s.features, s.pairs, s.rows, s.failed) for s in summarize_run(make_run())]
    assert found == [
        ("", "small:1a2b3c4d", 10, 20, 0),
        ("", "orb", 10, 20, 2),
        ("graf", "small:1a2b3c4d", 5, 10, 0),
        ("graf", "orb", 5, 10, 0),
        ("boat", "small:1a2b3c4d", 5, 10, 0),
        ("boat", "orb", 5, 10, 2),
    ]


def test_the_best_is_the_largest_or_the_smallest_or_shared() -> None:
    three = [summary("a", 0.5), summary("b", 0.7), summary("c", 0.6)]
    assert best(SHARE, three) == {"b"}
    assert best(ERROR, three) == {"a"}
    assert best(COUNT, three) == set(), "more keypoints are not better"
    assert best(SHARE, [*three, summary("d", 0.70004)]) == {"b", "d"}, "they print alike"
    assert best(SHARE, [*three, summary("d", float("nan"))]) == {"b"}
    assert best(SHARE, three[:1]) == set()


def test_shares_are_printed_in_percent_and_other_figures_with_their_unit() -> None:
    found = summary("a", 0.5).figures["mma_3"]
    assert (value_text(SHARE, 0.5), interval_text(SHARE, found), spread_text(SHARE, found)) == ("50.0", "[49.0, 51.0]", "±0.4")
    assert (value_text(ERROR, 0.5), interval_text(ERROR, found)) == ("0.500", "[0.490, 0.510]")
    alone = replace(found, low=float("nan"), high=float("nan"), spread=float("nan"))
    assert (interval_text(SHARE, alone), spread_text(SHARE, alone)) == ("", "")
    assert [heading(metric).replace("\N{NO-BREAK SPACE}", " ") for metric in (SHARE, ERROR, COUNT)] == [
        "MMA@3 [%] ↑",
        "MLE [px] ↓",
        "keypoints [per image]",
    ]
