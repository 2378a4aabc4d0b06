"""superpoint-ros evaluate, from the command line to the folder of results."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.evaluation.results_folder import read_run
from superpoint_ros.io.features_file import FeaturesWriter
from superpoint_ros.types import Features

H = np.array([[0.95, -0.1, 30.0], [0.08, 1.02, -12.0], [1e-4, -5e-5, 1.0]])
NO_CACHE = "--no-cache"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of two images each with a true homography."""
    folder = tmp_path_factory.mktemp("scenes")
    for seed, name in enumerate(("wall", "door")):
        (folder / name).mkdir()
        noise = np.random.default_rng(seed).normal(size=(240, 320)).astype(np.float32)
        rough = cv2.GaussianBlur(noise, (0, 0), 2.5) * 5 + cv2.GaussianBlur(noise, (0, 0), 8) * 12
        image = np.clip(128 + 55 * rough, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / name / "img1.png"), image)
        cv2.imwrite(str(folder / name / "img2.png"), cv2.warpPerspective(image, H, (320, 240), flags=cv2.INTER_CUBIC))
        np.savetxt(folder / name / "H1to2p", H)
    return folder


@pytest.fixture
def copy(scenes: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scenes, tmp_path / "scenes"))


def test_a_table_and_a_folder_with_every_figure_and_setting(run: Callable, scenes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("evaluate", "descriptor", scenes, "--features", "sift", "--features", "orb", "-o", out, NO_CACHE)
    assert result.status == 0, result.err
    for expected in ("pairs-1000 descriptor, 2 pairs", "door, 1 pairs", "MMA@3 [%]", "matches [per pair]", "sift", "orb"):
        assert expected in result.out, result.out
    for setting in ("resolution long side <= 640", "max keypoints 1000", "nms radius 4", "threshold 0.02", "epsilon 3.0"):
        assert setting in result.out, result.out
    rows = list(csv.DictReader((out / "results.csv").open()))
    assert [(row["features"], row["pair"], row["error"]) for row in rows] == [
        ("sift", "door/1-2", ""),
        ("orb", "door/1-2", ""),
        ("sift", "wall/1-2", ""),
        ("orb", "wall/1-2", ""),
    ]
    assert all(float(row["mma_3"]) > 0.7 for row in rows)
    figures = json.loads((out / "summary.json").read_text())["figures"]
    (accuracy,) = [f["value"] for f in figures if (f["features"], f["group"], f["metric"]) == ("sift", None, "mma_3")]
    assert accuracy == pytest.approx(np.mean([float(row["mma_3"]) for row in rows if row["features"] == "sift"]))
    settings = read_run(out).settings
    assert settings["preset"] == "pairs-1000" and settings["features"]["sift"]["max_keypoints"] == 1000
    assert settings["versions"]["numpy"] == np.__version__
    assert "sift" in (out / "report.html").read_text()


def test_several_seeds_have_a_spread(run: Callable, scenes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("--preset", "lightglue", "--features", "orb", "--seeds", "3", "-o", out, NO_CACHE)
    result = run("evaluate", "homography", scenes / "wall", *arguments)
    assert result.status == 0, result.err
    assert "±" in result.out and "seeds 0, 1, 2" in result.out and "estimator opencv, poselib" in result.out
    assert [row["seed"] for row in csv.DictReader((out / "results.csv").open())] == ["0", "1", "2"]


def test_detectors_need_no_descriptors(run: Callable, scenes: Path) -> None:
    arguments = ("--features", "fast", "--features", "harris", NO_CACHE)
    result = run("evaluate", "detector", scenes, "--preset", "superpoint-paper", *arguments)
    assert result.status == 0, result.err
    assert "repeatability ε=3 NMS 8" in result.out and "320x240, cropped" in result.out
    line = run("evaluate", "descriptor", scenes, *arguments).refused()
    assert "fast has no descriptors; it can only be evaluated as a detector" in line


def test_a_second_run_reads_the_cache(run: Callable, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arguments = ("evaluate", "detector", scenes, "--features", "sift", "--no-check")
    first = run(*arguments)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")}
    assert len(files) == 4
    assert run(*arguments).out == first.out
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")} == files


def test_poses_of_a_sequence(run: Callable, sequence_folder: Path) -> None:
    result = run("evaluate", "pose", sequence_folder, "--preset", "sequence", "--features", "sift", "--limit", "2", NO_CACHE)
    assert result.status == 0, result.err
    assert "gap 3, 2 pairs" in result.out and "AUC@5° [%]" in result.out
    assert "No pairs with gap 10" in result.err
    aligned = ("--preset", "sequence", "--features", "sift", "--align-camera")
    assert "no scene of it has ten pairs" in run("evaluate", "pose", sequence_folder, *aligned, "--limit", "2").refused()


def test_trajectories(run: Callable, sequence_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("evaluate", "trajectory", sequence_folder, "--features", "sift", "-o", out)
    assert result.status == 0, result.err
    assert "APE, Sim(3)" in result.out and "1 sequences" in result.out
    (row,) = csv.DictReader((out / "results.csv").open())
    assert row["features"] == "sift" and float(row["ape_percent"]) < 5.0 and float(row["ape_se3"]) > float(row["ape_sim3"])


def test_a_sequence_without_a_trajectory_fails(run: Callable, sequence_folder: Path, tmp_path: Path) -> None:
    dark = Path(shutil.copytree(sequence_folder, tmp_path / "dark"))
    for file in (dark / "image_l").iterdir():
        cv2.imwrite(str(file), np.zeros((240, 320), np.uint8))
    line = run("evaluate", "trajectory", dark, "--features", "sift").refused()
    assert "all 1 replays failed" in line
    result = run("evaluate", "trajectory", dark, sequence_folder, "--features", "sift")
    assert result.status == 0 and "failed, and counted as such" in result.out and "dark" in result.err


def test_presets_are_listed_with_their_settings(run: Callable) -> None:
    result = run("evaluate", "presets")
    assert result.status == 0
    for expected in ("superpoint-paper", "320x240, cropped", "estimator opencv, poselib", "nms radius 4, 8"):
        assert expected in result.out


def test_what_does_not_fit_is_refused_in_one_line(run: Callable, scenes: Path, sequence_folder: Path, tmp_path: Path) -> None:
    sift = ("--features", "sift", NO_CACHE)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no pairs with ground truth" in run("evaluate", "homography", empty, *sift).refused()
    assert "does not exist" in run("evaluate", "homography", tmp_path / "nowhere", *sift).refused()
    assert "no preset 'paper'" in run("evaluate", "homography", scenes, *sift, "--preset", "paper").refused()
    assert "preset sequence is for pose" in run("evaluate", "homography", scenes, *sift, "--preset", "sequence").refused()
    assert "its homography is not known" in run("evaluate", "homography", sequence_folder, *sift).refused()
    assert "its relative pose is not known" in run("evaluate", "pose", scenes, *sift).refused()
    assert "called sift" in run("evaluate", "descriptor", scenes, *sift, "--features", "sift").refused()
    assert "no model 'superduper'" in run("evaluate", "descriptor", scenes, "--features", "superduper").refused()
    assert "has no ground truth" in run("evaluate", "trajectory", scenes / "wall", "--features", "sift").refused()


def test_damaged_data_is_refused_in_one_line(run: Callable, copy: Path, sequence_folder: Path, tmp_path: Path) -> None:
    sift = ("--features", "sift", NO_CACHE)
    shutil.copytree(copy / "wall", copy / "roof")
    np.savetxt(copy / "wall" / "H1to2p", np.linalg.inv(H))
    doubtful = run("evaluate", "detector", copy, *sift)
    assert doubtful.status == 0 and "note: wall/1-2 counts nowhere: the homography looks inverted" in doubtful.err
    assert "pairs-1000 detector, 2 pairs" in doubtful.out, "of three"
    np.savetxt(copy / "door" / "H1to2p", np.linalg.inv(H))
    assert "looks inverted" in run("evaluate", "homography", copy, *sift).refused()
    (copy / "door" / "img2.png").unlink()
    assert "img2" in run("evaluate", "homography", copy, *sift).refused()
    for name, number in (("poses with NaN", np.nan), ("poses that are no rotation", 3.0)):
        sequence = Path(shutil.copytree(sequence_folder, tmp_path / name))
        poses = np.loadtxt(sequence / "poses.txt")
        poses[2, 0] = number
        np.savetxt(sequence / "poses.txt", poses)
        assert "poses.txt" in run("evaluate", "pose", sequence, *sift).refused()


def test_features_of_a_file_and_those_of_length_zero(run: Callable, copy: Path, tmp_path: Path) -> None:
    def write(name: str, empty: tuple[str, ...]) -> Path:
        rng = np.random.default_rng(0)
        with FeaturesWriter(tmp_path / name) as writer:
            for image in ("wall/img1.png", "wall/img2.png", "door/img1.png", "door/img2.png"):
                count = 0 if image in empty else 50
                descriptors = rng.normal(size=(count, 8)).astype(np.float32)
                points = rng.uniform(0, 200, (count, 2)).astype(np.float32)
                writer.write(image, Features(points, np.ones(count, np.float32), descriptors, (320, 240), name))
        return tmp_path / name

    arguments = ("evaluate", "descriptor", copy, NO_CACHE, "--no-check", "--features")
    partly = run(*arguments, write("partly.h5", ("door/img2.png",)))
    assert partly.status == 0, partly.err
    assert "failed, and counted as such" in partly.out and "no keypoints in 'door/img2.png'" in partly.err
    line = run(*arguments, write("nothing.h5", ("wall/img1.png", "door/img1.png"))).refused()
    assert "all 2 evaluations failed" in line and "no keypoints in 'door/img1.png'" in line


def test_an_image_that_is_damaged_is_a_row(run: Callable, copy: Path, tmp_path: Path) -> None:
    (copy / "wall" / "img2.png").write_bytes(b"no image")
    result = run("evaluate", "detector", copy, "--features", "sift", NO_CACHE, "--no-check", "-o", tmp_path / "out")
    assert result.status == 0, result.err
    errors = {row["pair"]: row["error"] for row in csv.DictReader((tmp_path / "out" / "results.csv").open())}
    assert errors["door/1-2"] == "" and "img2.png" in errors["wall/1-2"]
