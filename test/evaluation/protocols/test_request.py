"""What a request becomes, with everything on record."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.protocols.request import Request, prepare


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
