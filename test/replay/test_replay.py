"""The whole pipeline over a rendered sequence, and what the command writes about it."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.config import Config
from superpoint_ros.errors import DataError
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.replay.result import ReplayResult
from superpoint_ros.replay.runner import replay
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence

CONFIG = Config.model_validate({"extractor": {"model": "sift", "max_keypoints": 500}, "keyframes": {"policy": "every_frame"}})
SEQUENCE = SimulatedSequence(frames=8, size=(320, 240), rate=5.0)


@pytest.fixture(scope="module")
def result() -> ReplayResult:
    return replay(SEQUENCE, CONFIG)


def test_every_consecutive_pair_has_a_right_geometry(result: ReplayResult) -> None:
    assert [pair.stamp for pair in result.pairs] == SEQUENCE.ground_truth.stamps[1:].tolist()
    assert [pair.reference_stamp for pair in result.pairs] == SEQUENCE.ground_truth.stamps[:-1].tolist()
    summary = result.summary
    assert summary.valid == summary.pairs == 7
    assert summary.rotation is not None
    assert summary.direction is not None
    assert summary.rotation[0] < 0.3
    assert summary.direction[0] < 3.0
    assert summary.auc is not None
    assert summary.auc[2] > 0.8
    assert result.warnings == ()


def test_the_trajectory_follows_the_truth(result: ReplayResult) -> None:
    assert result.trajectory.stamps.tolist() == SEQUENCE.ground_truth.stamps.tolist()
    assert result.trajectory_error is not None
    assert result.trajectory_error.ape_percent < 10.0
    assert result.trajectory_error.rpe_rotation < 0.5


def test_two_runs_are_the_same(result: ReplayResult) -> None:
    again = replay(SEQUENCE, CONFIG)
    assert again.summary == result.summary
    assert [r.keypoints for r in again.records] == [r.keypoints for r in result.records]
    for a, b in zip(result.trajectory.poses, again.trajectory.poses, strict=True):
        np.testing.assert_array_equal(a.matrix, b.matrix)


def test_every_nth_frame(result: ReplayResult) -> None:
    thinned = replay(SEQUENCE, CONFIG, every=3)
    assert thinned.frames == 3
    assert [pair.stamp for pair in thinned.pairs] == SEQUENCE.ground_truth.stamps[[3, 6]].tolist()


def test_fewer_keyframes_where_motion_decides(result: ReplayResult) -> None:
    slow = SimulatedSequence(frames=8, size=(320, 240), rate=40.0)
    moved = replay(slow, CONFIG.model_copy(update={"keyframes": Config().keyframes}))
    assert moved.frames == 8
    assert len(moved.pairs) < 7


def test_without_a_camera_there_are_homographies_only() -> None:
    class Uncalibrated:
        name, camera, ground_truth = "uncalibrated", None, None

        def __len__(self) -> int:
            return len(SEQUENCE)

        def __iter__(self):
            return iter(SEQUENCE)

    found = replay(Uncalibrated(), CONFIG)
    assert found.summary.statuses == {"NO_CAMERA": 7}
    assert found.summary.rotation is None
    assert any("--camera" in warning for warning in found.warnings)
    assert len(found.trajectory) == 1


def test_one_frame_is_not_enough() -> None:
    with pytest.raises(DataError, match="1 frame"):
        replay(SimulatedSequence(frames=1, size=(320, 240)), CONFIG)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bag = tmp_path_factory.mktemp("bag") / "simulation"
    write_bag(SimulatedSequence(frames=6, size=(320, 240), rate=5.0), bag)
    out = tmp_path_factory.mktemp("out")
    (out / "mine.txt").write_text("keep")
    called = CliRunner().invoke(app, ["replay", str(bag), "-o", str(out), "--features", "sift", "--max-keypoints", "300"])
    assert called.exit_code == 0, called.stderr
    assert "Valid two-view geometries" in called.stdout
    assert "Rotation per pair" in called.stdout
    return out


def test_files_that_a_replay_leaves(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == {
        "trajectory.tum", "features.h5", "config.yaml", "metrics.json", "report.html", "mine.txt",
    }  # fmt: skip
    metrics = json.loads((written / "metrics.json").read_text())
    assert metrics["frames"] == 6
    assert metrics["pairs"]["valid"] == metrics["pairs"]["pairs"] == 5
    assert metrics["pairs"]["rotation_error_deg"]["median"] < 0.5
    assert len(Trajectory.read_tum(written / "trajectory.tum")) == 6
    config = Config.model_validate(yaml.safe_load((written / "config.yaml").read_text()))
    assert (config.extractor.max_keypoints, config.keyframes.policy) == (300, "every_frame")
    with h5py.File(written / "features.h5") as features:
        assert len(features) == 6
        assert max(len(group["keypoints"]) for group in features.values()) <= 300


def test_the_report_needs_nothing_from_elsewhere(written: Path) -> None:
    page = (written / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert page.count("data:image/jpeg;base64,") == 4
    for reference in ('src="http', 'href="http', "url(http", "@import", "<script", "<link"):
        assert reference not in page
    assert "max_keypoints: 300" in page


@pytest.mark.parametrize("features", ["small", "sift", "orb"])
@pytest.mark.parametrize(("name", "rotation", "direction"), [("kitti", 0.1, 2.0), ("tum_fr2_desk", 1.0, 15.0)])
def test_real_sequences_have_a_geometry_for_every_pair(
    shared_data: Path, features: str, name: str, rotation: float, direction: float
) -> None:
    from superpoint_ros.io.sources import open_source

    source = open_source(shared_data / "sequences" / name)
    config = Config.model_validate({"extractor": {"model": features}, "keyframes": {"policy": "every_frame"}})
    summary = replay(source, config).summary
    assert summary.valid == summary.pairs == len(source) - 1
    assert summary.rotation is not None
    assert summary.direction is not None
    assert summary.rotation[0] < rotation
    assert summary.direction[0] < direction
