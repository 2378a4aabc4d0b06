"""Pairs of frames of videos: the layouts are read by ``io``, and tested there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence


@pytest.fixture
def tum(tmp_path: Path, sequence: SimulatedSequence, write_tum: Callable[[SimulatedSequence, Path], None]) -> Path:
    write_tum(sequence, tmp_path / "tum")
    return tmp_path / "tum"


def check_motion(pair: ImagePair, sequence: SimulatedSequence, i: int, j: int) -> None:
    """Surface points at pixels of frame i are where the pose and the intrinsics of the pair put them in frame j."""
    poses = sequence.ground_truth.poses
    expected = poses[j].inverse() @ poses[i]
    np.testing.assert_allclose(pair.T_second_first.matrix, expected.matrix, atol=1e-6)
    assert pair.first_camera == pair.second_camera == sequence.camera
    np.testing.assert_array_equal(pair.first.read(), sequence.frame(i).image)
    np.testing.assert_array_equal(pair.second.read(), sequence.frame(j).image)


def test_gaps_make_groups(tum: Path, sequence: SimulatedSequence) -> None:
    pairs = open_pairs(tum, gaps=(3, 1))
    assert [pair.group for pair in pairs] == ["gap 1"] * 5 + ["gap 3"] * 3
    assert {pair.scene for pair in pairs} == {"tum"}, "whatever the gap"
    assert pairs[0].first.name == "rgb/1000.000000.png", "as hloc names it"
    assert pairs[5].name == "tum/1000.000000-1001.500000"
    check_motion(pairs[1], sequence, 1, 2)
    check_motion(pairs[7], sequence, 2, 5)
    assert pairs.notes == ()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_bag_gives_the_same_pairs_in_any_order(tmp_path: Path, sequence: SimulatedSequence, compressed: bool) -> None:
    write_bag(sequence, tmp_path / "bag", compressed=compressed)
    pairs = open_pairs(tmp_path / "bag", gaps=(2,))
    assert [pair.name for pair in pairs] == ["bag/000000-000002", "bag/000001-000003", "bag/000002-000004", "bag/000003-000005"]
    for index in (3, 0, 2, 3):
        check_motion(pairs[index], sequence, index, index + 2)


def test_pairs_without_truth_are_counted(tum: Path) -> None:
    lines = (tum / "groundtruth.txt").read_text().splitlines(keepends=True)
    (tum / "groundtruth.txt").write_text("".join(lines[:4]))
    pairs = open_pairs(tum, gaps=(1, 10))
    assert len(pairs) == 2
    assert pairs.notes == (
        "3 pairs were left out: the ground truth does not cover both of their frames.",
        "No pairs with gap 10: there are only 6 frames.",
    )
    with pytest.raises(DataError, match=r"holds no pair .*1 pairs were left out.*No pairs with gap 7"):
        open_pairs(tum, gaps=(5, 7))


def test_poses_may_come_from_elsewhere(tmp_path: Path, tum: Path, sequence: SimulatedSequence) -> None:
    (tum / "groundtruth.txt").rename(tmp_path / "poses.tum")
    check_motion(open_pairs(tum, gaps=(3,), reference=str(tmp_path / "poses.tum"))[1], sequence, 1, 4)
    write_bag(sequence, tmp_path / "bag")
    check_motion(open_pairs(tmp_path / "bag", gaps=(3,), reference="/camera/ground_truth")[1], sequence, 1, 4)
    with pytest.raises(DataError, match="neither a file nor a pose topic"):
        open_pairs(tmp_path / "bag", reference="/odom")


def test_what_is_missing_is_named(tum: Path) -> None:
    for gaps in ((), (0,), (1, -2)):
        with pytest.raises(DataError, match="gaps must be positive"):
            open_pairs(tum, gaps=gaps)
    (tum / "rgb" / "1001.000000.png").unlink()
    with pytest.raises(DataError, match=r"the image .*1001\.000000\.png is missing"):
        open_pairs(tum)
    (tum / "camera.yaml").unlink()
    with pytest.raises(DataError, match=r"no intrinsics; put a camera\.yaml"):
        open_pairs(tum)
    (tum / "groundtruth.txt").unlink()
    with pytest.raises(DataError, match="has no ground truth, so a reference is needed"):
        open_pairs(tum)


@pytest.mark.parametrize(("name", "frames"), [("kitti", 51), ("tum_fr2_desk", 20), ("seven_scenes", 200)])
def test_real_sequences(shared_data: Path, name: str, frames: int) -> None:
    pairs = open_pairs(shared_data / "sequences" / name)
    counts = [sum(pair.group == f"gap {gap}" for pair in pairs) for gap in (1, 3, 5, 10)]
    missing = frames * 4 - 19 - sum(counts)
    assert counts[0] >= frames - 2 and missing == sum(int(note.split()[0]) for note in pairs.notes if "left out" in note)
    assert any("depth camera" in note for note in pairs.notes) == (name == "seven_scenes")
