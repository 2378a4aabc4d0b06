from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.loading import load_extractor


def test_extract_writes_what_the_extractor_finds(run, sequence_folder: Path, tmp_path: Path) -> None:
    images = sequence_folder / "image_l"
    output = tmp_path / "features.h5"
    result = run("extract", images, "--model", "sift", "--max-keypoints", "80", "-o", output)
    assert result.status == 0, result.err
    expected = load_extractor(ExtractorConfig(model="sift", max_keypoints=80)).extract(
        cv2.imread(str(images / "000003.png"), cv2.IMREAD_UNCHANGED)
    )
    with h5py.File(output) as file:
        assert sorted(file) == [f"{i:06d}.png" for i in range(6)]
        group = file["000003.png"]
        assert 40 < len(expected) <= 80
        np.testing.assert_allclose(group["keypoints"][()], expected.keypoints)
        np.testing.assert_allclose(group["descriptors"][()], expected.descriptors.T, atol=1e-3)
        np.testing.assert_allclose(group["scores"][()], expected.scores)
        np.testing.assert_array_equal(group["image_size"][()], [320, 240])


def test_single_files_are_named_as_they_are(run, sequence_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "features.h5"
    result = run("extract", sequence_folder / "image_l" / "000001.png", "--features", "orb", "-o", output)
    assert result.status == 0, result.err
    with h5py.File(output) as file:
        assert list(file) == ["000001.png"]


def test_settings_that_do_nothing_are_noted(run, sequence_folder: Path, tmp_path: Path) -> None:
    image = sequence_folder / "image_l" / "000001.png"
    settings = ("--model", "orb", "--threshold", "0.5", "--max-keypoints", "50")
    result = run("extract", image, *settings, "-o", tmp_path / "features.h5")
    assert (result.status, result.err.strip()) == (0, "note: threshold changes nothing for orb")


def test_two_images_of_one_name_are_refused(run, sequence_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "000001.png"
    other.write_bytes((sequence_folder / "image_l" / "000001.png").read_bytes())
    line = run("extract", sequence_folder / "image_l", other, "--model", "sift", "-o", tmp_path / "f.h5").refused()
    assert "000001.png" in line


def test_bad_inputs_are_refused_in_one_line(run, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no image")
    empty = tmp_path / "empty"
    empty.mkdir()
    output = tmp_path / "f.h5"
    assert "missing.png" in run("extract", tmp_path / "missing.png", "--model", "sift", "-o", output).refused()
    assert "text.png" in run("extract", text, "--model", "sift", "-o", output).refused()
    assert "holds no images" in run("extract", empty, "--model", "sift", "-o", output).refused()


def test_bad_models_are_refused_in_one_line(run, sequence_folder: Path, tmp_path: Path) -> None:
    image = sequence_folder / "image_l" / "000001.png"
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0{broken")
    output = tmp_path / "f.h5"
    assert "superduper" in run("extract", image, "--model", "superduper", "-o", output).refused()
    assert "broken.safetensors" in run("extract", image, "--model", broken, "-o", output).refused()
    assert "no.pth" in run("extract", image, "--model", tmp_path / "no.pth", "-o", output).refused()
    assert not output.exists()
