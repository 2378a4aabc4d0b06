from __future__ import annotations

from pathlib import Path

import pytest

from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.evaluation.results_folder import write_run

METRICS = (
    Metric("mma_3", "MMA@3", "", True, "mean", 0.0),
    Metric("rotation", "rotation, median", "°", False, "median", float("inf")),
)


def write(folder: Path, better: float = 0.0, **settings: object) -> Path:
    rows = tuple(
        ResultRow("sift", f"graf/1-{n}", "graf", 0, "", {"mma_3": 0.1 * n + better, "rotation": 2.0 / n}) for n in range(2, 7)
    )
    write_run(Run("hpatches-1000 descriptor", {"max_keypoints": 1000, **settings}, rows, METRICS), folder)
    return folder


def test_differences_are_printed_and_written(run, tmp_path: Path) -> None:
    a, b, page = write(tmp_path / "a"), write(tmp_path / "b", better=0.03), tmp_path / "compare.html"
    result = run("evaluate", "compare", a, b, "-o", page)
    assert result.status == 0, result.err
    assert "sift (b) against sift (a)" in result.out
    assert "5 pairs of images in common" in result.out
    figures = next(line for line in result.out.splitlines() if line.strip().startswith("MMA@3"))
    assert figures.split()[1:] == ["[%]", "↑", "40.0", "43.0", "+3.0", "[+3.0,", "+3.0]", "better"]
    assert "rotation, median [°]" in result.out, "brackets are no markup"
    assert "sift (b) against sift (a)" in page.read_text(encoding="utf-8")


def test_what_does_not_compare_is_refused_in_one_line(run, tmp_path: Path) -> None:
    a, b = write(tmp_path / "a"), write(tmp_path / "b", max_keypoints=500)
    assert "max_keypoints is 1000 in a and 500 in b" in run("evaluate", "compare", a, b).refused()
    assert "no folder of results" in run("evaluate", "compare", a, tmp_path).refused()
    assert "named twice" in run("evaluate", "compare", a, a).refused()
    write(tmp_path / "again" / "a")
    assert run("evaluate", "compare", a, tmp_path / "again" / "a").status == 0, "the same name in two places is none twice"
    assert "nowhere" in run("evaluate", "compare", a, "-o", tmp_path / "nowhere" / "page.html").refused()


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_shows_how(run, arguments: tuple[str, ...]) -> None:
    result = run("evaluate", "compare", *arguments)
    assert "FOLDER" in result.out + result.err
