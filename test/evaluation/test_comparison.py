"""Runs side by side: who is compared with whom, on which pairs, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.comparison import compare_runs
from superpoint_ros.evaluation.comparison_report import comparison_tables, difference_text, make_comparison_report
from superpoint_ros.evaluation.result import Metric, Run


def rows_of(run: Run, features: str, **figures: float) -> Run:
    """The run with some figures of some features replaced."""
    return replace(
        run,
        rows=tuple(
            replace(r, figures={**r.figures, **figures}) if r.features == features and not r.error else r for r in run.rows
        ),
    )


def test_each_is_compared_with_its_namesake_of_the_first_run(make_run) -> None:
    runs = {"old": make_run(("small:11111111", "orb", "sift")), "new": make_run(("small:22222222", "orb", "fast"))}
    found = {contender.name: contender.baseline for contender in compare_runs(runs).contenders}
    assert found == {
        "small:11111111": "",
        "orb (old)": "small:11111111",
        "sift": "small:11111111",
        "small:22222222": "small:11111111",
        "orb (new)": "orb (old)",
        "fast": "small:11111111",
    }


def test_differences_are_of_the_same_pairs_and_seeds(make_run) -> None:
    old, new = make_run(("sift",)), make_run(("sift",), better=0.02)
    shuffled = replace(new, rows=tuple(reversed(new.rows)))
    comparison = compare_runs({"old": old, "new": shuffled})
    assert (comparison.pairs, comparison.seeds, comparison.left_out) == (10, 2, 0)
    found = comparison.contenders[1].differences["repeatability"]
    assert found.value == pytest.approx(0.02)
    assert found.low == pytest.approx(0.02), "every pair got better by as much, and so does every resampling"
    assert found.high == pytest.approx(0.02)
    assert comparison.contenders[1].differences["localization_error"].value == pytest.approx(-0.02)
    assert comparison.contenders[0].differences == {}


def test_what_not_all_have_is_left_out_of_the_figures_too(make_run) -> None:
    old, new = make_run(("sift",)), make_run(("sift",))
    easy = {
        row.pair for row in old.rows if row.figures["repeatability"] > np.median([r.figures["repeatability"] for r in old.rows])
    }
    new = replace(new, rows=tuple(row for row in new.rows if row.pair in easy and row.seed == 1))
    comparison = compare_runs({"old": old, "new": new})
    assert (comparison.pairs, comparison.seeds, comparison.left_out) == (len(easy), 1, 20 - len(easy))
    first, second = (contender.figures["repeatability"].value for contender in comparison.contenders)
    assert first == second == pytest.approx(np.mean([row.figures["repeatability"] for row in new.rows]))


def test_a_pair_that_failed_counts_as_the_metric_says(make_run) -> None:
    comparison = compare_runs({"only": make_run(("sift", "orb"))})
    _, orb = comparison.contenders
    assert orb.figures["mma_3"].pairs == 10
    assert orb.figures["localization_error"].pairs == 9
    assert orb.differences["localization_error"].pairs == 9


def test_figures_that_do_not_compare_are_refused(make_run) -> None:
    run = make_run()
    with pytest.raises(DataError, match=r"resolution is \[480, 640\] in a and \[240, 320\] in b: .* evaluate one of them again"):
        compare_runs({"a": run, "b": make_run(resolution=[240, 320])})
    with pytest.raises(DataError, match=r"estimator\.max_error is not set in a and 2\.0 in b"):
        compare_runs({"a": run, "b": make_run(estimator={"max_error": 2.0})})
    with pytest.raises(DataError, match="a is of protocol 'hpatches-1000 homography', b of 'lightglue pose'"):
        compare_runs({"a": run, "b": replace(run, protocol="lightglue pose")})
    with pytest.raises(DataError, match="no metric in common"):
        compare_runs({"a": run, "b": replace(run, metrics=())})
    elsewhere = replace(run, rows=tuple(replace(row, pair=f"other/{row.pair}") for row in run.rows))
    with pytest.raises(DataError, match=r"a, b have no pair of images in common .* 'graf/0' and 'other/graf/0'"):
        compare_runs({"a": run, "b": elsewhere})
    with pytest.raises(DataError, match="nothing to compare"):
        compare_runs({"a": replace(run, rows=())})
    assert compare_runs({"a": run, "b": make_run(command="another", date="2026-11-24", features=("orb",))}).pairs == 10


def test_a_metric_of_another_definition_is_left_out(make_run) -> None:
    run = make_run()
    changed = tuple(replace(metric, threshold=4.0) if metric.name == "homography_3" else metric for metric in run.metrics)
    names = [metric.name for metric in compare_runs({"a": run, "b": replace(run, metrics=changed)}).metrics]
    assert names == [metric.name for metric in run.metrics if metric.name != "homography_3"]


def test_only_a_sure_difference_is_called_better_or_worse(make_run) -> None:
    runs = {
        "old": make_run(("sift",)),
        "new": rows_of(make_run(("sift",), better=0.02), "sift", localization_error=9.0, mma_3=0.4),
    }
    (table,) = comparison_tables(compare_runs(runs))
    assert table.title == "sift (new) against sift (old)"
    words = {row[0].split(" [")[0]: row[5] for row in table.rows}
    assert words["repeatability ε=3"] == "better"
    assert words["MLE ε=3"] == "worse", "where smaller is better"
    assert words["MMA 3 px"] == "", "better for some pairs, worse for others"
    figures = next(row for row in table.rows if row[0].startswith("repeatability"))
    assert figures[3:5] == ("+2.0", "[+2.0, +2.0]")


def test_the_page_has_the_differences_of_every_group(make_run, tmp_path: Path) -> None:
    runs = {"old": make_run(("sift", "orb")), "new": make_run(("sift", "orb"), better=0.02)}
    comparison = compare_runs(runs)
    report = make_comparison_report(runs, comparison)
    assert [table.title for table in (*report.lead, *report.tables)] == ["All pairs", "graf", "boat"]
    assert [plot.title for plot in report.plots] == [
        "orb (old) against sift (old)",
        "sift (new) against sift (old)",
        "orb (new) against orb (old)",
    ]
    assert "features" not in report.subtitle
    assert report.command.count("superpoint-ros evaluate") == 2
    report.write(tmp_path / "compare.html")
    text = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert "+2.0\n[+2.0, +2.0]" in text
    assert "<b>" in text


def test_differences_have_a_sign_and_as_many_digits_as_they_need() -> None:
    share, metres = Metric("a", "a", "", True, "mean", 0.0), Metric("b", "b", "m", False, "mean", 0.0)
    found = [difference_text(metric, value) for metric, value in ((share, -0.0123), (metres, -0.0123), (metres, 12.3))]
    assert found == ["−1.2", "−0.012", "+12"]
    assert difference_text(metres, float("inf")) == "–"
