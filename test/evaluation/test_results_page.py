"""Markdown that says what the run says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from superpoint_ros.evaluation.results_page import markdown_section


def test_a_section_has_the_figures_the_settings_and_the_command(make_run) -> None:
    run = make_run(notes=["a note"], revision="0123")
    text = markdown_section("Homography: a | b", "superpoint-ros evaluate homography $DATA", run)
    lines = text.splitlines()
    assert lines[0] == "## Homography: a | b"
    assert lines[2] == "10 pairs, 2 seeds, 2 of 40 failed. data pairs · resolution 480, 640 · max keypoints 1000 · epsilon 3.0"
    assert lines[4:7] == ["```", "superpoint-ros evaluate homography $DATA", "```"]
    tables = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert tables[0] == ["", "small:1a2b3c4d", "orb"]
    assert all(len(row) == 3 for row in tables)
    figures = {row[0].split("\N{NO-BREAK SPACE}")[0]: row[1:] for row in tables}
    small, orb = figures["MMA 3 px [%]"]
    metric = next(metric for metric in run.metrics if metric.name == "mma_3")
    for cell, features in ((small, "small:1a2b3c4d"), (orb, "orb")):
        value, interval = cell.strip("*").replace("**", "").split(" ")
        assert float(value) == pytest.approx(100 * metric.of([row for row in run.rows if row.features == features]), abs=0.06)
        low, high = interval.removeprefix("<sub>").removesuffix("</sub>").split("–")
        assert float(low) < float(value) < float(high)
    assert small.startswith("**"), "the best"
    assert "**" not in orb
    assert [row[0] for row in tables[-2:]] == ["graf", "boat"]
    assert tables[-4][0] == "AUC 5 px [%]\N{NO-BREAK SPACE}↑"


def test_one_group_needs_no_table_of_groups(make_run) -> None:
    run = make_run(seeds=1)
    text = markdown_section("A", "b", replace(run, rows=tuple(row for row in run.rows if row.group == "graf")))
    assert text.count("|---|") == 1
    assert "5 pairs. data" in text
