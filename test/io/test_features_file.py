from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.features_file import FeaturesWriter, list_images, read_features
from superpoint_ros.types import Features


def make(count: int, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    descriptors = rng.normal(size=(count, 16)).astype(np.float32)
    return Features(
        rng.random((count, 2), np.float32) * 100, rng.random(count, np.float32), descriptors, (640, 480), "small:1a2b3c4d"
    )


def write(path: Path, **images: Features) -> Path:
    with FeaturesWriter(path) as writer:
        for name, features in images.items():
            writer.write(name, features)
    return path


def write_twice(path: Path, name: str) -> None:
    with FeaturesWriter(path) as writer:
        writer.write(name, make(4))
        writer.write(name, make(4))


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "features.h5"
    with FeaturesWriter(path) as writer:
        writer.write("room/left.png", make(7))
        writer.write("empty.png", make(0))
    read = read_features(path, "room/left.png")
    for field in ("keypoints", "scores", "descriptors"):
        np.testing.assert_array_equal(getattr(read, field), getattr(make(7), field))
    assert (read.image_size, read.model) == ((640, 480), "small:1a2b3c4d")
    assert len(read_features(path, "empty.png")) == 0
    assert list_images(path) == ["empty.png", "room/left.png"]


def test_the_layout_is_that_of_hloc(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "f.h5", a=make(7)), "r") as file:
        shapes = {name: file["a"][name].shape for name in file["a"]}
    assert shapes == {"keypoints": (7, 2), "scores": (7,), "descriptors": (16, 7), "image_size": (2,)}


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "f.h5", old=make(3))
    with pytest.raises(DataError, match="'new'"):
        write_twice(path, "new")
    assert list_images(path) == ["old"]
    assert [file.name for file in tmp_path.iterdir()] == ["f.h5"]


def test_a_name_is_written_once(tmp_path: Path) -> None:
    with FeaturesWriter(tmp_path / "f.h5") as writer:
        writer.write("a", make(3))
        with pytest.raises(DataError, match="'a'"):
            writer.write("a", make(3))
        with pytest.raises(DataError, match="empty"):
            writer.write("", make(3))


def test_files_of_other_tools_have_an_unknown_model(tmp_path: Path) -> None:
    path = write(tmp_path / "f.h5", a=make(3))
    with h5py.File(path, "a") as file:
        del file["a"].attrs["model"]
    assert read_features(path, "a").model == "unknown"


def test_what_other_tools_leave_out_is_made_up_for(tmp_path: Path) -> None:
    path = tmp_path / "others.h5"
    with h5py.File(path, "w") as file:
        file["a/keypoints"] = np.array([[1.5, 2], [3, 4], [5, 6]], np.float16)
    features = read_features(path, "a", (640, 480))
    np.testing.assert_array_equal(features.keypoints, [[1.5, 2], [3, 4], [5, 6]])
    assert (np.diff(features.scores) < 0).all() and features.descriptors.shape == (3, 0)
    assert (features.image_size, features.keypoints.dtype) == ((640, 480), np.float32)
    with h5py.File(path, "a") as file:
        file["a/descriptors"] = np.ones((3, 7), np.float16)
    with pytest.raises(DataError, match="damaged: descriptors must have shape"):
        read_features(path, "a", (640, 480))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "f.h5", a=make(500), b=make(3))
    with pytest.raises(DataError, match=r"'c'; it has a, b"):
        read_features(path, "c")
    with h5py.File(path, "a") as file:
        del file["b/image_size"]
    with pytest.raises(DataError, match="lacks image_size"):
        read_features(path, "b")
    with h5py.File(path, "a") as file:
        file["b/image_size"] = (640, 480)
        del file["b/scores"]
        file["b/scores"] = np.zeros(99)
    with pytest.raises(DataError, match="damaged"):
        read_features(path, "b")
    with h5py.File(path, "a") as file:
        del file["b/keypoints"]
    with pytest.raises(DataError, match="lacks keypoints"):
        read_features(path, "b")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match="cut off"):
        read_features(path, "a")
    with pytest.raises(DataError, match="does not exist"):
        read_features(tmp_path / "nothing.h5", "a")
