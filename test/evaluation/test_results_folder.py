"""What is written is read back exactly, and what is damaged is refused with a line that says why."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.result import ResultRow
from superpoint_ros.evaluation.results_folder import read_run, write_run


@pytest.fixture(scope="module")
def written(make_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_run(make_run(), folder)
    return folder


def test_a_run_is_read_back_exactly(make_run, tmp_path: Path) -> None:
    run = make_run(note='commas, "quotes", ü', nested={"estimator": {"name": "poselib", "max_error": 1.5}})
    odd = {"repeatability": 1 / 3, "localization_error": float("inf"), "mma_3": 1e-300, "only_here": -0.0}
    run = replace(run, rows=(*run.rows, ResultRow("sift", 'a "pair", of\ttwo', "", 7, "", odd)))
    write_run(run, tmp_path / "out")
    back = read_run(tmp_path / "out")
    assert (back.protocol, back.settings, back.rows) == (run.protocol, run.settings, run.rows)
    assert repr(back.metrics) == repr(run.metrics), "also the threshold that is NaN"


def test_an_undefined_figure_stays_one(make_run, tmp_path: Path) -> None:
    run = make_run()
    row = ResultRow("sift", "a", "b", 0, "", {"localization_error": float("nan")})
    write_run(replace(run, rows=(row,)), tmp_path)
    (back,) = read_run(tmp_path).rows
    assert list(back.figures) == ["localization_error"]
    assert np.isnan(back.figures["localization_error"])


def test_the_summary_has_every_figure_of_every_group(make_run, written: Path) -> None:
    run = make_run()
    summary = json.loads((written / "summary.json").read_text(encoding="utf-8"))
    records = {(r["features"], r["group"], r["metric"]): r for r in summary["figures"]}
    assert len(records) == 2 * 3 * len(run.metrics)
    for features in ("small:1a2b3c4d", "orb"):
        for group in (None, "graf", "boat"):
            rows = [row for row in run.rows if row.features == features and group in (None, row.group)]
            for metric in run.metrics:
                record = records[features, group, metric.name]
                at_seed = [metric.of([row for row in rows if row.seed == seed]) for seed in (0, 1)]
                assert record["value"] == pytest.approx(np.mean(at_seed))
                assert record["low"] <= record["value"] <= record["high"]
    failed = records["orb", "boat", "mma_3"]
    assert (failed["failed"], failed["rows"], failed["pairs"]) == (2, 10, 5)
    assert records["orb", "boat", "localization_error"]["pairs"] == 4, "which is not defined for the pair that failed"


def test_results_are_a_table_that_others_can_read(make_run, tmp_path: Path) -> None:
    run = make_run(seeds=1)
    write_run(run, tmp_path)
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(run.rows) == 20
    assert float(rows[0]["mma_3"]) == run.rows[0].figures["mma_3"]
    assert [row["pair"] for row in rows if row["error"]] == ["boat/9"]
    config = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert config["settings"]["max_keypoints"] == 1000


def test_an_interrupted_evaluation_is_no_result(make_run, tmp_path: Path) -> None:
    def interrupted(row: ResultRow) -> None:
        raise KeyboardInterrupt

    write_run(make_run(), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        write_run(make_run(better=0.1), tmp_path, interrupted)
    with pytest.raises(DataError, match="interrupted"):
        read_run(tmp_path)
    write_run(make_run(better=0.1), tmp_path)
    assert read_run(tmp_path).rows == make_run(better=0.1).rows
    assert not list(tmp_path.glob("*.partial"))


def _drop_line(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:-1])


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("results.csv", lambda text: text[: len(text) * 2 // 3], "cells: it was cut off|is damaged|not convert"),
        ("results.csv", _drop_line, "has 39 of 40 rows: it was cut off"),
        ("results.csv", lambda text: text + text.splitlines()[1] + "\n", r"row 42 repeats small:1a2b3c4d, graf/0, seed 0"),
        ("results.csv", lambda text: text.replace("graf,graf,0,", "graf,graf,zero,", 1), "row 2: .*zero"),
        ("results.csv", lambda text: "", "must start with the columns features"),
        ("config.yaml", lambda text: text.replace("format: 2", "format: 99"), "format 99, this version reads 2"),
        ("config.yaml", lambda text: "extractor: {}", "of something else"),
        ("config.yaml", lambda text: "a: [", "not YAML"),
        ("config.yaml", lambda text: text.replace("kind: mean", "sort: mean", 1), "sort"),
        ("config.yaml", lambda text: text.replace("rows: 40\n", ""), "rows"),
    ],
)
def test_damage_is_named(written: Path, tmp_path: Path, file: str, damage, message: str) -> None:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    path = tmp_path / file
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_run(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_folder_of_results_is_refused(make_run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(DataError, match="is no folder of results"):
            read_run(path)
    write_run(make_run(), tmp_path)
    (tmp_path / "results.csv").unlink()
    with pytest.raises(DataError, match=r"cannot read .*results\.csv"):
        read_run(tmp_path)
    with pytest.raises(DataError, match="cannot write results to"):
        write_run(make_run(), tmp_path / "file")


def test_a_run_without_any_row_is_written(make_run, tmp_path: Path) -> None:
    write_run(replace(make_run(), rows=()), tmp_path)
    assert read_run(tmp_path).rows == ()
