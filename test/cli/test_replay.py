from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Pose

SIFT = ("--features", "sift", "--max-keypoints", "200")


def test_bad_sources_are_refused_in_one_line(run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    empty = tmp_path / "empty"
    empty.mkdir()
    text = tmp_path / "text.mcap"
    text.write_text("no bag")
    assert "no_such" in run("replay", tmp_path / "no_such", "-o", out, *SIFT).refused()
    assert "empty" in run("replay", empty, "-o", out, *SIFT).refused()
    assert "text.mcap" in run("replay", text, "-o", out, *SIFT).refused()
    assert not out.exists(), "nothing is made for a source that cannot be read"


def test_a_truncated_bag_is_refused_in_one_line(run, bag: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bag, broken)
    (file,) = broken.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "broken" in run("replay", broken, "-o", tmp_path / "out", *SIFT).refused()


def test_a_bag_and_an_unknown_topic(run, bag: Path, tmp_path: Path) -> None:
    result = run("replay", bag, "-o", tmp_path / "out", *SIFT)
    assert result.status == 0, result.err
    assert "5 of 5" in result.out
    assert "Rotation per pair" in result.out, "the bag holds the ground truth"
    assert "/nothing" in run("replay", bag, "--topic", "/nothing", "-o", tmp_path / "out", *SIFT).refused()


def test_an_output_that_cannot_be_made_is_refused(run, sequence_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in run("replay", sequence_folder, "-o", tmp_path / "file" / "out", *SIFT).refused()


def test_camera_and_reference_from_files(run, sequence_folder: Path, tmp_path: Path) -> None:
    images = sequence_folder / "image_l"
    bare = run("replay", images, "-o", tmp_path / "bare", *SIFT)
    assert bare.status == 0, bare.err
    assert "--camera" in bare.err
    poses = np.loadtxt(sequence_folder / "poses.txt").reshape(-1, 3, 4)
    stamps = Trajectory.read_tum(tmp_path / "bare" / "trajectory.tum").stamps[0] + np.arange(6) * 0.1
    reference = tmp_path / "truth.tum"
    Trajectory(stamps, tuple(Pose.from_matrix(pose) for pose in poses)).write_tum(reference)
    camera = sequence_folder / "camera.yaml"
    result = run("replay", images, "-o", tmp_path / "full", "--camera", camera, "--reference", reference, *SIFT)
    assert result.status == 0, result.err
    assert "5 of 5" in result.out
    assert "no.tum" in run("replay", images, "-o", tmp_path / "full", "--reference", tmp_path / "no.tum", *SIFT).refused()


def test_evaluation_prints_every_figure_and_writes_it(run, bag: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("replay", bag, "--evaluate", "--reference", "/camera/ground_truth", "-o", out, *SIFT)
    assert result.status == 0, result.err
    assert result.err == ""
    for words in ("Sim(3)", "SE(3)", "Pose AUC at 10°", "RPE rotation", "Frames with a valid geometry", "p90", "extract"):
        assert words in result.out, words
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["frames"] == metrics["frames_with_ground_truth"] == 6
    assert metrics["geometry"] == {"frames": 6, "compared": 5, "valid": 5, "valid_share": 1.0}
    assert metrics["trajectory_se3"]["scale"] == 1.0
    assert metrics["trajectory"]["ape_rmse"] < 0.05 < metrics["trajectory_se3"]["ape_rmse"], "every step has unit length"
    assert set(metrics["timing_ms"]) == {"read", "extract", "match and geometry"}
    for times in metrics["timing_ms"].values():
        assert times["median"] <= times["p90"] <= times["max"]
    page = (out / "report.html").read_text(encoding="utf-8")
    for words in ("SE(3)", "Time per frame", "Frames with a valid geometry"):
        assert words in page


def test_a_reference_with_gaps_is_used_as_far_as_it_goes(run, bag: Path, tmp_path: Path) -> None:
    truth = SimulatedSequence(frames=6, size=(320, 240), rate=5.0).ground_truth
    part = tmp_path / "part.tum"
    Trajectory(truth.stamps[:4], truth.poses[:4]).write_tum(part)
    result = run("replay", bag, "--evaluate", "--reference", part, "-o", tmp_path / "out", *SIFT)
    assert result.status == 0, result.err
    assert "4 of 6 frames have a pose in the reference" in result.err
    assert "nothing says whose poses" in result.err
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (metrics["frames_with_ground_truth"], metrics["trajectory"]["poses"]) == (4, 4)


def test_references_of_no_use_are_refused_in_one_line(run, bag: Path, sequence_folder: Path, tmp_path: Path) -> None:
    truth = SimulatedSequence(frames=6, size=(320, 240), rate=5.0).ground_truth
    sparse = tmp_path / "sparse.tum"
    Trajectory(truth.stamps[0] + np.array([-0.1, 0.25, 7.0]), truth.poses[:3]).write_tum(sparse)
    broken = tmp_path / "broken.tum"
    broken.write_text("1000 0 0 nan 0 0 0 1\n")
    for reference, words in (
        ("/odom", "its pose topics are /camera/ground_truth"),
        (sparse, "only 2 of 6 frames have a pose in the reference"),
        (broken, "broken.tum:1: expected 8 numbers"),
    ):
        assert words in run("replay", bag, "--evaluate", "--reference", reference, "-o", tmp_path / "out", *SIFT).refused()
    assert "needed" in run("replay", sequence_folder / "image_l", "--evaluate", "-o", tmp_path / "out", *SIFT).refused()
