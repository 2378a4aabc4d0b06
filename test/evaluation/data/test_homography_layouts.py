"""HPatches and H1toNp folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.data.pair_set import PairSet


def test_hpatches(hpatches: Callable[..., Path], views: list[tuple[np.ndarray, np.ndarray]]) -> None:
    pairs = open_pairs(hpatches("v_wall", "i_dome"))
    assert (pairs.layout, pairs.name, len(pairs)) == ("HPatches", "hpatches", 10)
    assert [pair.name for pair in pairs][:2] == ["i_dome/1-2", "i_dome/1-3"]
    assert {pair.name[:2]: pair.group for pair in pairs} == {"i_": "illumination", "v_": "viewpoint"}
    assert {pair.scene for pair in pairs} == {"i_dome", "v_wall"}
    pair = next(pair for pair in pairs if pair.name == "v_wall/1-4")
    assert (pair.first.name, pair.second.name) == ("v_wall/1.ppm", "v_wall/4.ppm")
    np.testing.assert_allclose(pair.homography, views[3][1], rtol=1e-12)  # the file has it times two
    np.testing.assert_array_equal(pair.second.read(), cv2.cvtColor(views[3][0], cv2.COLOR_GRAY2RGB))


def test_one_sequence_of_hpatches(hpatches: Callable[..., Path]) -> None:
    pairs = open_pairs(hpatches("v_wall") / "v_wall")
    assert [pair.name for pair in pairs] == [f"v_wall/1-{k}" for k in range(2, 7)]
    assert {pair.group for pair in pairs} == {"viewpoint"}


def test_numbered_homographies(oxford: Path, views: list[tuple[np.ndarray, np.ndarray]]) -> None:
    pairs = open_pairs(oxford)
    assert [pair.name for pair in pairs] == ["bark/1-2", "bark/1-3", "wall/1-2", "wall/1-3"]
    assert [pair.group for pair in pairs] == ["bark", "bark", "wall", "wall"]
    assert [pair.scene for pair in pairs] == ["bark", "bark", "wall", "wall"]
    np.testing.assert_allclose(pairs[3].homography, views[2][1], rtol=1e-12)
    np.testing.assert_array_equal(pairs[3].second.read(), views[2][0])
    (oxford / "wall" / "H2to3p").write_text("1 0 5\n0 1 0\n0 0 1\n")
    scene = open_pairs(oxford / "wall")
    assert [pair.name for pair in scene] == ["wall/1-2", "wall/1-3", "wall/2-3"]
    assert (scene[2].first.name, scene[2].second.name) == ("wall/img2.pgm", "wall/img3.pgm")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 0 0\n0 1 0\n", "must hold a 3x3 matrix, it has 2 lines"),
        ("1 0 0\n0 1 0 7\n0 0 1\n", r":2: expected 3 numbers, got '0 1 0 7'"),
        ("1 0 0\n0 nan 0\n0 0 1\n", r":2: expected 3 numbers"),
        ("1 0 0\n0 1 0\n0 0 0\n", "the last number of a homography must not be 0"),
        ("1 0 0\n2 0 0\n0 0 1\n", "singular"),
        ("", "holds no data"),
    ],
)
def test_a_damaged_homography_is_named(oxford: Path, hpatches: Callable[..., Path], content: str, message: str) -> None:
    (oxford / "wall" / "H1to3p").write_text(content)
    with pytest.raises(DataError, match=f"H1to3p.*{message}"):
        open_pairs(oxford)
    (hpatches("v_wall") / "v_wall" / "H_1_5").write_text(content)
    with pytest.raises(DataError, match=f"H_1_5.*{message}"):
        open_pairs(hpatches())


def test_what_is_missing_is_named(oxford: Path, hpatches: Callable[..., Path]) -> None:
    (oxford / "wall" / "img3.pgm").unlink()
    with pytest.raises(DataError, match=r"wall: the image img3 is missing"):
        open_pairs(oxford)
    folder = hpatches("v_wall")
    (folder / "v_wall" / "6.ppm").unlink()
    with pytest.raises(DataError, match=r"v_wall: the image 6 is missing"):
        open_pairs(folder)
    (folder / "v_wall" / "H_1_3").unlink()
    with pytest.raises(DataError, match=r"H_1_3"):
        open_pairs(folder)


def test_a_damaged_image_is_named_when_it_is_read(oxford: Path) -> None:
    (oxford / "wall" / "img3.pgm").write_bytes(b"no image")
    pair = open_pairs(oxford / "wall")[1]
    with pytest.raises(DataError, match=r"img3\.pgm is not an"):
        pair.second.read()


def test_what_holds_no_pairs_says_what_was_looked_for(tmp_path: Path, picture: np.ndarray) -> None:
    with pytest.raises(DataError, match="does not exist; give a data set: HPatches"):
        open_pairs(tmp_path / "nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"empty holds no pairs with ground truth; looked for HPatches .* a rosbag"):
        open_pairs(empty)
    cv2.imwrite(str(empty / "photo.png"), picture)
    for path in (empty, empty / "photo.png"):
        with pytest.raises(DataError, match="With --generate they are made from any images"):
            open_pairs(path)


def test_a_limit_takes_evenly_from_each_group(hpatches: Callable[..., Path]) -> None:
    path = hpatches("v_wall", "i_dome")
    pairs = open_pairs(path, limit=3)
    assert [pair.name for pair in pairs] == [f"{name}/1-{k}" for name in ("i_dome", "v_wall") for k in (2, 4, 6)]
    assert pairs.notes == ("6 of 10 pairs were chosen, evenly from each group.",)
    assert open_pairs(path, limit=5).notes == open_pairs(path).notes == ()


def test_a_data_set_has_pairs_and_their_names_are_unique(oxford: Path) -> None:
    pair = open_pairs(oxford)[0]
    with pytest.raises(DataError, match=r"twins .* holds the pair bark/1-2 twice"):
        PairSet("twins", "test", (pair, pair))
    with pytest.raises(DataError, match=r"nothing .* holds no pair of images"):
        PairSet("nothing", "test", ())


@pytest.mark.parametrize(("name", "size"), [("graf", (800, 640)), ("boat", (850, 680)), ("iguazu", (900, 675))])
def test_real_folders(shared_data: Path, name: str, size: tuple[int, int]) -> None:
    pairs = open_pairs(shared_data / "pairs" / name)
    assert [pair.name for pair in pairs] == [f"{name}/1-{k}" for k in range(2, 7)]
    assert pairs[4].second.read().shape[:2] == size[::-1]
    assert len(open_pairs(shared_data / "pairs")) == 15
