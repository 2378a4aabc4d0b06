"""What a request becomes, with everything on record."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.evaluation.comparison import compare_runs
from superpoint_ros.evaluation.protocols.request import Request, prepare
from superpoint_ros.evaluation.result import Run
from superpoint_ros.evaluation.results_folder import read_run, write_run
from superpoint_ros.evaluation.results_page import markdown_section


@pytest.fixture
def scenes(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    folders = [tmp_path / name for name in ("wall", "door")]
    for folder in folders:
        folder.mkdir()
        for i in (1, 2, 3):
            cv2.imwrite(str(folder / f"img{i}.png"), rng.integers(0, 255, (90, 120), np.uint8))
        for i in (2, 3):
            np.savetxt(folder / f"H1to{i}p", np.eye(3))
    return folders


def test_data_sets_are_put_together_and_settings_recorded(scenes: list[Path]) -> None:
    request = Request(
        "homography", tuple(scenes), ("orb", "sift"), "lightglue", seeds=2, check=False, command="superpoint-ros evaluate …"
    )
    prepared = prepare(request)
    assert [pair.name for pair in prepared.evaluation.pairs] == ["wall/1-2", "wall/1-3", "door/1-2", "door/1-3"]
    assert prepared.name == "lightglue homography"
    settings = prepared.settings
    assert (settings["data"], settings["preset"], settings["seeds"]) == ("wall + door", "lightglue", (0, 1))
    assert (settings["resolution"], settings["max_keypoints"], settings["nms_radius"]) == ("short side 480", 1024, (3,))
    assert settings["features"]["orb"]["max_keypoints"] == 1024 and settings["features"]["orb"]["threshold"] == 0.0
    assert settings["command"] == "superpoint-ros evaluate …"
    assert "seeds" not in prepare(Request("detector", tuple(scenes), ("sift",), check=False)).settings
    assert len(prepare(Request("detector", (scenes[0],), ("sift",), limit=1, check=False)).evaluation.pairs) == 1


def test_features_have_settings_of_their_own(scenes: list[Path]) -> None:
    """And tables tell them apart, although they have one model."""
    names = ("orb", "orb,border=40", "small,levels=2,subpixel=false")
    run = prepare(Request("detector", (scenes[0],), names, check=False)).run()
    recorded = run.settings["features"]
    plain, bordered, levels = recorded
    assert (plain, bordered) == ("orb", "orb,border=40") and levels.endswith(",levels=2,subpixel=false")
    assert (recorded[plain]["border"], recorded[bordered]["border"]) == (4, 40)
    assert (recorded[levels]["model"], recorded[levels]["levels"], recorded[levels]["subpixel"]) == ("small", 2, False)
    found = {row.features: row.figures["keypoints"] for row in run.rows if row.pair == "wall/1-2"}
    assert found[bordered] < found[plain]


@pytest.mark.parametrize(
    ("feature", "error"),
    [
        ("small,threshold=0.1", "threshold of 'small,threshold=0.1' cannot be chosen here"),
        ("small,model=full", "model of 'small,model=full' cannot be chosen here"),
        ("small,levels=many", "levels = 'many' cannot be used"),
        ("sift,levels=2", "levels of 'sift,levels=2' would change nothing: leave it out for sift"),
        ("orb,precision=half,interpolation=bilinear", "interpolation, precision of .* would change nothing"),
        ("fast,subpixel=false", "subpixel of 'fast,subpixel=false' would change nothing"),
        ("small,level=2", "there is no setting 'level'"),
        ("sift,level=2", "there is no setting 'level'"),
        ("mine.h5,levels=2", r"mine\.h5 holds features that are made already: it takes no settings \(levels=2\)"),
    ],
)
def test_settings_that_cannot_be_chosen_are_named(feature: str, error: str, scenes: list[Path]) -> None:
    with pytest.raises(ConfigError, match=error):
        prepare(Request("detector", (scenes[0],), (feature,), check=False))


def test_rows_are_told_while_they_come(scenes: list[Path]) -> None:
    prepared = prepare(Request("detector", (scenes[0],), ("orb",), check=False))
    seen: list[str] = []
    run = prepared.run(lambda row: seen.append(row.pair))
    assert seen == ["wall/1-2", "wall/1-3"] == [row.pair for row in run.rows]
    assert run.protocol == "pairs-1000 detector" and run.settings == prepared.settings
    assert [metric.name for metric in run.metrics] == ["repeatability", "localization_error", "keypoints"]


def test_a_run_without_any_result_is_an_error(scenes: list[Path]) -> None:
    for file in scenes[0].glob("*.png"):
        cv2.imwrite(str(file), np.full((90, 120), 128, np.uint8))
    with pytest.raises(DataError, match=r"all 2 evaluations failed, the first one: sift found no keypoints in wall/img1\.png"):
        prepare(Request("detector", (scenes[0],), ("sift",), check=False)).run()


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    """Four pairs of one plane that moves to the right; the homography of the third says that it moves far down."""
    folder, rng = tmp_path / "plane", np.random.default_rng(1)
    folder.mkdir()
    picture = cv2.resize(rng.integers(0, 255, (60, 80), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    for i in range(1, 6):
        moved = np.array([[1.0, 0.0, 9.0 * (i - 1)], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        cv2.imwrite(str(folder / f"img{i}.png"), cv2.warpPerspective(picture, moved, (640, 480)))
        if i > 1:
            np.savetxt(folder / f"H1to{i}p", moved if i != 4 else [[1, 0, 0], [0, 1, 90], [0, 0, 1]])
    return folder


def test_a_pair_that_contradicts_its_images_counts_nowhere(plane: Path, tmp_path: Path) -> None:
    def figures(run: Run) -> dict[str, float]:
        return {metric.name: metric.of(run.rows) for metric in run.metrics}

    taken = prepare(Request("homography", (plane,), ("sift",), seeds=2, check=False)).run()
    checked = prepare(Request("homography", (plane,), ("sift",), seeds=2))
    run = checked.run()
    assert figures(taken)["homography_3"] == 0.75 and figures(run)["homography_3"] == 1.0
    excluded = [row for row in run.rows if row.excluded]
    assert [(row.pair, row.seed, row.failed) for row in excluded] == [("plane/1-4", 0, False), ("plane/1-4", 1, False)]
    assert excluded[0].error.startswith("the homography contradicts the images: it explains")
    assert [note for note in checked.notes if "plane/1-4" in note] == [f"plane/1-4 counts nowhere: {excluded[0].error}"]

    (summary,) = write_run(run, tmp_path / "out")
    assert (summary.pairs, summary.rows, summary.failed, summary.excluded) == (3, 6, 0, 1)
    assert read_run(tmp_path / "out").rows == run.rows
    found = summary.figures["homography_3"]
    assert (found.value, found.pairs) == (1.0, 3)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "pairs whose truth contradicts their images" in page and "What failed" not in page
    assert "3 pairs, 2 seeds, 1 more excluded." in markdown_section("", "", run)
    comparison = compare_runs({"taken": taken, "checked": run})
    assert (comparison.pairs, comparison.left_out) == (3, 2), "of the run that took every pair"


def test_generated_pairs_need_no_ground_truth(scenes: list[Path]) -> None:
    prepared = prepare(Request("detector", (scenes[1],), ("orb",), generate=1, check=False))
    assert len(prepared.evaluation.pairs) == 6
    assert {pair.group for pair in prepared.evaluation.pairs} == {"illumination", "viewpoint"}
    assert any("synthetic" in note for note in prepared.notes)


def test_figures_of_sift_on_a_real_scene(shared_data: Path, tmp_path: Path) -> None:
    """What an independent script found for graf at these settings, on grey images: MMA@3 .334, repeatability .455."""
    graf = (shared_data / "pairs" / "graf",)
    figures = {}
    for task in ("descriptor", "detector"):
        run = prepare(Request(task, graf, ("sift",), cache=tmp_path, check=False)).run()
        figures |= {metric.name: metric.of(run.rows) for metric in run.metrics}
    assert figures["mma_3"] == pytest.approx(0.334, abs=0.01)
    assert figures["repeatability"] == pytest.approx(0.455, abs=0.01)
