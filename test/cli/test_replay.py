from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from superpoint_ros.io.trajectory import Trajectory
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
