from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest


def test_match_prints_the_motion_and_draws_it(run, sequence_folder: Path, tmp_path: Path) -> None:
    a, b = sequence_folder / "image_l" / "000000.png", sequence_folder / "image_l" / "000002.png"
    picture = tmp_path / "matches.png"
    result = run("match", a, b, "--features", "sift", "--camera", sequence_folder / "camera.yaml", "-o", picture)
    assert result.status == 0, result.err
    poses = np.loadtxt(sequence_folder / "poses.txt").reshape(-1, 3, 4)
    truth = np.degrees(np.linalg.norm(cv2.Rodrigues(poses[2, :, :3].T @ poses[0, :, :3])[0]))
    printed = re.search(r"rotation\s+([\d.]+)°", result.out)
    assert printed, result.out
    assert float(printed[1]) == pytest.approx(truth, abs=0.5)
    drawn = cv2.imread(str(picture))
    assert drawn.shape[0] == 240
    assert drawn.shape[1] > 640
    assert np.ptp(drawn.astype(int), axis=2).max() > 100, "matches are drawn in colour over grey images"


def test_without_a_camera_there_is_a_homography_and_no_motion(run, sequence_folder: Path) -> None:
    a, b = sequence_folder / "image_l" / "000000.png", sequence_folder / "image_l" / "000001.png"
    result = run("match", a, b, "--features", "sift")
    assert result.status == 0, result.err
    assert "no camera" in result.out
    assert "rotation " not in result.out


def test_bad_inputs_are_refused_in_one_line(run, sequence_folder: Path, tmp_path: Path) -> None:
    image = sequence_folder / "image_l" / "000000.png"
    camera = tmp_path / "camera.yaml"
    camera.write_text("image_width: 320\n")
    sift = ("--features", "sift")
    assert "no.png" in run("match", image, tmp_path / "no.png", *sift).refused()
    assert "camera.yaml" in run("match", image, image, "--camera", camera, *sift).refused()
    assert "no.yaml" in run("match", image, image, "--camera", tmp_path / "no.yaml", *sift).refused()
    assert "picture.xyz" in run("match", image, image, "-o", tmp_path / "picture.xyz", *sift).refused()
    assert "nowhere" in run("match", image, image, "-o", tmp_path / "nowhere" / "p.png", *sift).refused()
    assert (
        run("match", image, image, "--features", "harris")
        .refused()
        .endswith("harris has no descriptors; it can only be evaluated as a detector")
    )
