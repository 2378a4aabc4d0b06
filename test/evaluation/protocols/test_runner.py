"""Every protocol on keypoints that are known exactly: what the figures must be, and what becomes of failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from superpoint_ros.errors import ConfigError
from superpoint_ros.evaluation.presets import PRESETS, Protocol, Task
from superpoint_ros.evaluation.protocols.runner import Evaluation
from superpoint_ros.evaluation.resize import Resize
from superpoint_ros.types import Pose

HOMOGRAPHY_TASKS = [
    (preset, task) for preset in PRESETS for task in PRESETS[preset].protocols if task in ("detector", "descriptor", "homography")
]
POSE_PRESETS = [preset for preset in PRESETS if "pose" in PRESETS[preset].protocols]


def evaluate(task: Task, protocol: Protocol, world, source, seeds: tuple[int, ...] = (0,)):
    sources = [dict.fromkeys(protocol.nms_radii, source)]
    evaluation = Evaluation(task, protocol, [world.pair], sources, seeds)
    rows = list(evaluation.rows())
    assert len(rows) == evaluation.count
    return rows, {metric.name: metric.of(rows) for metric in evaluation.metrics()}


@pytest.mark.parametrize(("preset", "task"), HOMOGRAPHY_TASKS)
def test_exact_keypoints_are_perfect_at_every_size_and_crop(preset: str, task: Task, plane, features_file: Callable) -> None:
    protocol = PRESETS[preset].protocol(task)
    rows, figures = evaluate(task, protocol, plane, features_file(plane))
    assert [row.error for row in rows] == [""]
    assert all(np.isfinite(value) for value in figures.values()), figures
    shares = {name: value for name, value in figures.items() if not name.startswith(("localization", "keypoints", "matches"))}
    for name, value in shares.items():
        assert value == pytest.approx(1.0, abs=5e-3), name
    for name, value in figures.items():
        if name.startswith("localization_error"):
            assert value < 1e-3
        if name.startswith(("keypoints", "matches")):
            assert value == 60
    if task == "homography":
        assert max(value for name, value in rows[0].figures.items() if name.startswith("corner_error")) < 0.02


def test_errors_are_measured_in_pixels_of_the_resized_image(plane, features_file: Callable) -> None:
    # 4 pixels of the second image, which is 760 high, are 2 of one that is 380 high.
    protocol = Protocol(Resize("long", (380,)), 1000, (4,), epsilon=3.0)
    source = features_file(plane, offset=(4.0, 0.0))
    _, figures = evaluate("descriptor", protocol, plane, source)
    found = [figures[name] for name in ("mma_1", "mma_3", "nn_map", "matching_score")]
    assert found == pytest.approx([0.0, 1.0, 1.0, 1.0], abs=1e-12)
    full = replace(protocol, resize=Resize())
    _, figures = evaluate("descriptor", full, plane, source)
    assert (figures["mma_3"], figures["mma_5"], figures["nn_map"], figures["matching_score"]) == (0.0, 1.0, 0.0, 0.0)
    rows, figures = evaluate("homography", full, plane, source)
    assert rows[0].figures["corner_error"] == pytest.approx(4.0, abs=0.01)
    assert (figures["homography_3"], figures["homography_5"]) == (0.0, 1.0)
    rows, _ = evaluate("homography", protocol, plane, source)
    assert rows[0].figures["corner_error"] == pytest.approx(2.0, abs=0.01)


def test_what_lies_outside_of_the_other_image_does_not_count(plane, features_file: Callable) -> None:
    everywhere = np.random.default_rng(3).uniform((0, 0), (899, 609), (200, 2))
    mapped = np.column_stack([everywhere, np.ones(200)]) @ plane.pair.homography.T
    mapped = mapped[:, :2] / mapped[:, 2:]
    seen = ((mapped >= -0.5) & (mapped <= (699.5, 759.5))).all(axis=1)
    assert 100 < seen.sum() < 195
    wide = replace(plane, first=everywhere, second=mapped[seen])
    for resize in (Resize(), Resize("long", (450,)), Resize("short", (800,))):
        _, figures = evaluate("detector", Protocol(resize, 1000, (4,)), wide, features_file(wide))
        assert figures["repeatability"] == 1.0, resize


def test_corner_errors_are_those_of_the_first_image(plane, features_file: Callable) -> None:
    stretched = replace(plane, pair=replace(plane.pair, homography=np.diag([1.01, 1.0, 1.0]) @ plane.pair.homography))
    rows, _ = evaluate("homography", Protocol(Resize(), 1000, (4,)), stretched, features_file(plane))
    corners = np.array([[0, 0, 1], [899, 0, 1], [899, 609, 1], [0, 609, 1]]) @ plane.pair.homography.T
    assert rows[0].figures["corner_error"] == pytest.approx(np.abs(0.01 * corners[:, 0] / corners[:, 2]).mean(), abs=0.02)


def test_a_homography_of_the_other_direction_is_noticed(plane, features_file: Callable) -> None:
    swapped = replace(plane, pair=replace(plane.pair, homography=np.linalg.inv(plane.pair.homography)))
    for task, name in (("detector", "repeatability"), ("descriptor", "mma_5"), ("homography", "homography_5")):
        _, figures = evaluate(task, PRESETS["pairs-1000"].protocol(task), swapped, features_file(plane))
        assert figures[name] < 0.2, name


@pytest.mark.parametrize("preset", POSE_PRESETS)
def test_exact_keypoints_give_the_pose_between_different_cameras(preset: str, room, features_file: Callable) -> None:
    rows, figures = evaluate("pose", PRESETS[preset].protocol("pose"), room, features_file(room))
    assert rows[0].error == ""
    for name, value in figures.items():
        assert value == pytest.approx(0.0 if "error" in name else 1.0, abs=0.02), name


def test_pose_errors_are_the_angles_between_estimate_and_truth(room, features_file: Callable) -> None:
    turn = Pose(Rotation.from_euler("z", 7.0, degrees=True).as_matrix())
    wrong = replace(room, pair=replace(room.pair, T_second_first=turn @ room.pair.T_second_first))
    rows, figures = evaluate("pose", PRESETS["sequence"].protocol("pose"), wrong, features_file(room))
    translation = room.pair.T_second_first.translation
    angle = np.degrees(np.arccos(translation @ turn.rotation @ translation / (translation @ translation)))
    assert rows[0].figures["rotation_error"] == pytest.approx(7.0, abs=0.01)
    assert rows[0].figures["direction_error"] == pytest.approx(angle, abs=0.1)
    assert rows[0].figures["pose_error"] == pytest.approx(max(7.0, angle), abs=0.1)
    assert figures["pose_auc_5"] == 0.0 < figures["pose_auc_20"]


def test_without_enough_matches_there_is_no_pose_and_no_homography(room, plane, features_file: Callable) -> None:
    for task, world, column in (("pose", room, "pose_error"), ("homography", plane, "corner_error")):
        small = replace(world, first=world.first[:3], second=world.second[:3])
        rows, figures = evaluate(task, PRESETS["pairs-1000"].protocol(task), small, features_file(small))
        assert rows[0].error == "" and rows[0].figures[column] == np.inf and rows[0].figures["inlier_ratio"] == 0.0
        assert {value for name, value in figures.items() if "auc" in name} == {0.0}
        assert {value for name, value in figures.items() if "error" in name} <= {np.inf}


def test_a_pair_that_fails_is_a_row_and_counts(plane, room, features_file: Callable) -> None:
    """The file has no features of the second pair."""
    missing = replace(room.pair, homography=np.eye(3))
    evaluation = Evaluation(
        "homography", PRESETS["pairs-1000"].protocol("homography"), [plane.pair, missing], [{4: features_file(plane)}], (0, 1)
    )
    rows = list(evaluation.rows())
    assert [(row.pair, row.seed, bool(row.error)) for row in rows] == [
        ("plane/0-1", 0, False),
        ("plane/0-1", 1, False),
        ("room/0-1", 0, True),
        ("room/0-1", 1, True),
    ]
    assert "no features of 'room/0.png'" in rows[2].error and "\n" not in rows[2].error
    figures = {metric.name: metric.of(rows) for metric in evaluation.metrics()}
    assert figures["homography_3"] == 0.5
    assert figures["homography_auc_3"] == pytest.approx(0.5, abs=0.01)
    assert figures["inlier_ratio"] == pytest.approx(0.5)


def test_a_damaged_image_is_a_row_and_the_next_pair_goes_on(plane, features_file: Callable) -> None:
    class Damaged:
        name = "plane/broken.png"

        def read(self) -> np.ndarray:
            from superpoint_ros.errors import DataError

            raise DataError("plane/broken.png is damaged")

    broken = replace(plane.pair, name="plane/broken", first=Damaged())
    evaluation = Evaluation(
        "detector", PRESETS["pairs-1000"].protocol("detector"), [broken, plane.pair], [{4: features_file(plane)}]
    )
    assert [row.error for row in evaluation.rows()] == ["plane/broken.png is damaged", ""]


def test_each_radius_of_suppression_has_its_figures(plane, features_file: Callable) -> None:
    protocol = PRESETS["superpoint-paper"].protocol("detector")
    evaluation = Evaluation(
        "detector",
        protocol,
        [plane.pair],
        [{4: features_file(plane), 8: features_file(plane, offset=(9.0, 0.0), name="exact_8")}],
    )
    (row,) = evaluation.rows()
    assert row.figures["repeatability_nms4"] == 1.0
    assert row.figures["localization_error_nms4"] < 1e-3 < row.figures["localization_error_nms8"]
    names = [metric.name for metric in evaluation.metrics()]
    assert "repeatability_nms4" in names and "repeatability_nms8" in names
    assert [metric.label for metric in evaluation.metrics()][:2] == ["repeatability ε=3 NMS 4", "repeatability ε=3 NMS 8"]


def test_seeds_are_for_estimators_only(plane, features_file: Callable) -> None:
    source = features_file(plane)
    rows, _ = evaluate("homography", PRESETS["lightglue"].protocol("homography"), plane, source, (0, 1, 2))
    assert [row.seed for row in rows] == [0, 1, 2]
    rows, _ = evaluate("descriptor", PRESETS["lightglue"].protocol("descriptor"), plane, source, (0, 1, 2))
    assert [row.seed for row in rows] == [0]


def test_pictures_show_what_is_right(plane, room, features_file: Callable) -> None:
    for task, world in (("detector", plane), ("descriptor", plane), ("homography", plane), ("pose", room)):
        protocol = PRESETS["pairs-1000"].protocol(task)
        evaluation = Evaluation(task, protocol, [world.pair], [{4: features_file(world)}])
        picture = evaluation.picture(next(iter(evaluation.rows())))
        assert picture.inliers.sum() == 60 == len(picture.reference_points), task
        scale = 640 / 900
        expected = (world.first + 0.5) * scale - 0.5
        assert np.sort(picture.reference_points, axis=0) == pytest.approx(np.sort(expected, axis=0), abs=0.2)
        assert picture.reference.shape[:2] == (434, 640)


def test_what_does_not_fit_is_refused_before_anything_is_computed(plane, room, features_file: Callable) -> None:
    source = features_file(plane, room)
    protocol = PRESETS["pairs-1000"].protocol("pose")
    with pytest.raises(ConfigError, match="pose cannot be evaluated on plane/0-1: its relative pose"):
        Evaluation("pose", protocol, [room.pair, plane.pair], [{4: source}])
    with pytest.raises(ConfigError, match="intrinsics"):
        Evaluation("pose", protocol, [replace(room.pair, second_camera=None)], [{4: source}])
    with pytest.raises(ConfigError, match="homography is not known"):
        Evaluation("detector", protocol, [room.pair], [{4: source}])
    with pytest.raises(ConfigError, match="two kinds of features are called exact"):
        Evaluation("pose", protocol, [room.pair], [{4: source}, {4: source}])


def test_features_without_descriptors_can_only_be_detected(plane, features_file: Callable) -> None:
    source = features_file(plane, described=False)
    protocol = PRESETS["pairs-1000"].protocol("detector")
    _, figures = evaluate("detector", protocol, plane, source)
    assert figures["repeatability"] == 1.0
    with pytest.raises(ConfigError, match="exact has no descriptors; it can only be evaluated as a detector"):
        evaluate("descriptor", protocol, plane, source)
