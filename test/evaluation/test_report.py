"""The page and its drawings: well-formed, self-contained, and saying what they were given."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation import plots
from superpoint_ros.evaluation.report import Fact, Picture, Plot, Report, Table
from superpoint_ros.evaluation.side_by_side import GAP, MatchPicture, draw_side_by_side
from superpoint_ros.evaluation.tables import figure

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib, "the page decides how wide a drawing is"
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_drawings_are_svg_with_real_text() -> None:
    walk = np.column_stack([np.linspace(0, 5, 30), np.zeros(30), np.linspace(0, 1, 30)])
    labels = texts(plots.trajectory(walk, walk + 0.1))
    assert {"x [m]", "z [m]", "ground truth", "estimate"} <= set(labels)
    time = np.arange(20.0)
    labels = texts(
        plots.errors_over_time(time, {"rotation": np.full(20, 0.25), "direction": np.full(20, np.nan)}, {"rotation": 0.3})
    )
    assert "median 0.25°" in labels
    assert "limit for the median 0.3°" in labels
    assert "inliers" in texts(plots.counts_over_time(time, {"matches": time, "inliers": time / 2}))
    assert "features: median 7 ms" in texts(plots.histograms({"features": np.full(9, 7.0)}))


def test_the_same_data_give_the_same_drawing() -> None:
    first, second = (plots.counts_over_time([0, 1, 2], {"matches": [1, 2, 3]}) for _ in range(2))
    assert first == second


def test_the_page_says_what_it_was_given_and_escapes_it(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    Report(
        title="A <bag>",
        subtitle="sub",
        verdict="All checks passed",
        passed=True,
        facts=[Fact("Rotation", "0.1°", "median", good=True)],
        plots=[Plot("Counts", plots.counts_over_time([0, 1], {"matches": [1, 2]}), "caption")],
        tables=[Table("Errors", ("", "median"), [("Direction", "2°")])],
        pictures=[Picture(np.zeros((8, 8, 3), np.uint8), "two & two")],
        settings="extractor: {}",
    ).write(page)
    text = page.read_text(encoding="utf-8")
    for expected in (
        "A &lt;bag&gt;",
        "All checks passed",
        "0.1°",
        "<svg",
        "Direction",
        "two &amp; two",
        "data:image/jpeg;base64,",
    ):
        assert expected in text
    assert "<bag>" not in text


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        Report("a", "b").write(tmp_path / "nowhere" / "report.html")


def test_matches_are_drawn_between_both_images() -> None:
    left, right = np.full((60, 80), 100, np.uint8), np.full((50, 70, 3), 100, np.uint8)
    a, b = np.array([[10.0, 10.0], [20.0, 40.0]], np.float32), np.array([[30.0, 10.0], [60.0, 45.0]], np.float32)
    drawn = draw_side_by_side(MatchPicture(left, right, a, b, np.array([True, False])))
    assert drawn.shape == (60, 80 + GAP + 70, 3)
    colour = np.ptp(drawn.astype(int), axis=2) > 60
    assert colour[10, 10:118].mean() > 0.9, "the inlier is a line from its place on the left to its place on the right"
    assert colour[40, 20], "the outlier starts at its keypoint"
    assert colour[44:47, 146:150].any(), "and ends at its match"
    assert not colour[55:].any()


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.0123"), (12.345, "12.3"), (1234.5, "1234"), (0.0, "0.00"), (float("nan"), "–")]
)
def test_figures_for_people(value: float, text: str) -> None:
    assert figure(value) == text
