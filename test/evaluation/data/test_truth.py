"""A truth that cannot be true is found out; one that is right passes, however hard the images are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.disk_image import DiskImage
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sift_matches import SiftMatcher
from superpoint_ros.evaluation.data.truth import TruthCheck, Verdict, check_pairs, check_truth
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Pose


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory, write_tum: Callable[[SimulatedSequence, Path], None]) -> PairSet:
    folder = tmp_path_factory.mktemp("truth") / "tum"
    write_tum(SimulatedSequence(frames=5, size=(480, 360), rate=4.0), folder)
    return open_pairs(folder, gaps=(1, 2))


def moved(pair: ImagePair, x: float, y: float = 0.0) -> ImagePair:
    return replace(pair, homography=np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]]) @ pair.homography)


def inverted(pair: ImagePair) -> ImagePair:
    if pair.homography is not None:
        return replace(pair, homography=np.linalg.inv(pair.homography))
    return replace(pair, T_second_first=pair.T_second_first.inverse())


def test_homographies(hpatches: Callable[..., Path], sift: SiftMatcher) -> None:
    for pair in open_pairs(hpatches("v_wall")):
        assert check_truth(pair, sift).verdict is Verdict.AGREES
        for wrong in (moved(pair, 8), moved(pair, 0, -8)):
            check = check_truth(wrong, sift)
            assert check.verdict is Verdict.CONTRADICTS and "contradicts the images: it explains" in check.reason
        check = check_truth(inverted(pair), sift)
        assert check.verdict is Verdict.CONTRADICTS and "looks inverted" in check.reason


def test_poses(simulated: PairSet, sift: SiftMatcher) -> None:
    for pair in simulated[::3]:
        assert check_truth(pair, sift).verdict is Verdict.AGREES
        check = check_truth(inverted(pair), sift)
        assert check.verdict is Verdict.CONTRADICTS and "the pose looks inverted" in check.reason
    pair = simulated[4]
    T = pair.T_second_first
    turned = Pose(T.rotation @ np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), T.translation)
    for wrong in (turned, Pose(T.rotation, -T.translation)):
        assert check_truth(replace(pair, T_second_first=wrong), sift).verdict is Verdict.CONTRADICTS


def test_a_camera_that_only_turns_is_judged_by_its_rotation(simulated: PairSet, sift: SiftMatcher) -> None:
    still = replace(simulated[0], second=simulated[0].first)
    assert check_truth(replace(still, T_second_first=Pose()), sift).verdict is Verdict.AGREES
    ten_degrees = np.array([[0.9848, 0.0, 0.1736], [0.0, 1.0, 0.0], [-0.1736, 0.0, 0.9848]])
    assert check_truth(replace(still, T_second_first=Pose(ten_degrees)), sift).verdict is Verdict.CONTRADICTS


def test_images_without_anything_in_common_decide_nothing(
    tmp_path: Path, hpatches: Callable[..., Path], sift: SiftMatcher
) -> None:
    other = open_pairs(hpatches("v_wall"))[0]
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    assert cv2.imwrite(str(tmp_path / "noise.png"), noise)
    check = check_truth(replace(other, first=DiskImage("noise", tmp_path / "noise.png")), sift)
    assert check.verdict is Verdict.UNDECIDED and "too few matches" in check.reason
    assert check_truth(replace(other, homography=None), sift).verdict is Verdict.UNDECIDED


def test_one_wrong_pair_is_told_and_a_wrong_data_set_refused(hpatches: Callable[..., Path], sift: SiftMatcher) -> None:
    pairs = open_pairs(hpatches("v_wall"))
    one = replace(pairs, pairs=(inverted(pairs[0]), *pairs[1:]))
    checks = check_pairs(one, sift)
    assert [name for name, check in checks.items() if check.verdict is Verdict.CONTRADICTS] == ["v_wall/1-2"]
    assert len(checks) == 5 and len(check_pairs(pairs, sift, per_group=2)) == 2
    with pytest.raises(
        DataError, match=r"hpatches: .* in 5 of 5 pairs that could be checked, e\.g\. v_wall/1-2: .* looks inverted"
    ):
        check_pairs(replace(pairs, pairs=tuple(map(inverted, pairs))), sift)


def verdicts(checks: dict[str, TruthCheck]) -> set[Verdict]:
    return {check.verdict for check in checks.values()}


def test_real_homographies(shared_data: Path, sift: SiftMatcher) -> None:
    """The widest of graf has too few matches to judge; nothing real is accused, and what is shifted or swapped is."""
    pairs = {pair.name: pair for pair in open_pairs(shared_data / "pairs")}
    assert check_truth(pairs["graf/1-5"], sift).verdict is Verdict.UNDECIDED
    for name in ("graf/1-4", "boat/1-6", "iguazu/1-6"):
        check = check_truth(pairs[name], sift)
        assert check.verdict is Verdict.AGREES and check.decisive == (name != "iguazu/1-6"), "where nothing moves, all agree"
        assert check_truth(moved(pairs[name], 10), sift).verdict is Verdict.CONTRADICTS
    assert "looks inverted" in check_truth(inverted(pairs["graf/1-4"]), sift).reason


@pytest.mark.parametrize("name", ["kitti", "tum_fr2_desk", "seven_scenes"])
def test_real_poses(shared_data: Path, name: str, sift: SiftMatcher) -> None:
    pairs = open_pairs(shared_data / "sequences" / name, gaps=(5,), limit=2)
    assert verdicts(check_pairs(pairs, sift)) == {Verdict.AGREES}
    with pytest.raises(DataError, match="looks inverted"):
        check_pairs(replace(pairs, pairs=tuple(map(inverted, pairs))), sift)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pairs", "sequences/kitti", "sequences/tum_fr2_desk", "sequences/seven_scenes"])
def test_nothing_real_is_accused(shared_data: Path, name: str, sift: SiftMatcher) -> None:
    pairs = open_pairs(shared_data / name, limit=50)
    checks = check_pairs(pairs, sift, per_group=0)
    undecided = {pair for pair, check in checks.items() if check.verdict is Verdict.UNDECIDED}
    assert len(checks) == len(pairs) and Verdict.CONTRADICTS not in verdicts(checks)
    assert undecided == ({"graf/1-5", "graf/1-6"} if name == "pairs" else set())
