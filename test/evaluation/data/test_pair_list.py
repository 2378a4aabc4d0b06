"""Text lists of pairs with intrinsics and poses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Camera, Pose


def line(first: str, second: str, turns: tuple[int, int], cameras: Sequence[Camera], T: np.ndarray) -> str:
    numbers = [*turns, *cameras[0].matrix.ravel(), *cameras[1].matrix.ravel(), *T.ravel()]
    return f"{first} {second} " + " ".join(f"{number:.9g}" for number in numbers)


@pytest.fixture
def images(tmp_path: Path, sequence: SimulatedSequence) -> Path:
    """Frames 0 and 1 as ``scans/room/N.png``."""
    folder = tmp_path / "scans" / "room"
    folder.mkdir(parents=True)
    for frame in (sequence.frame(0), sequence.frame(1)):
        assert cv2.imwrite(str(folder / f"{frame.index}.png"), frame.image)
    return tmp_path


@pytest.fixture
def motion(sequence: SimulatedSequence) -> Pose:
    a, b = sequence.ground_truth.poses[:2]
    return b.inverse() @ a


@pytest.mark.parametrize("below", ["", "scans"])
def test_pairs_of_a_list(images: Path, sequence: SimulatedSequence, motion: Pose, below: str) -> None:
    """Paths are relative to the folder of the list, or to one in it."""
    prefix = "room" if below else "scans/room"
    cameras = (sequence.camera, sequence.camera)
    forward = line(f"{prefix}/0.png", f"{prefix}/1.png", (0, 0), cameras, motion.matrix)
    backward = line(f"{prefix}/1.png", f"{prefix}/0.png", (0, 0), cameras, motion.inverse().matrix)
    (images / "pairs.txt").write_text(f"# two pairs\n{forward}\n\n{backward}\n")
    pairs = open_pairs(images / "pairs.txt")
    assert (pairs.layout, pairs.name, {pair.group for pair in pairs}) == ("pair list", "pairs", {"pairs"})
    assert {pair.scene for pair in pairs} == {prefix}
    assert [pair.name for pair in pairs] == [f"{prefix}/0.png {prefix}/1.png", f"{prefix}/1.png {prefix}/0.png"]
    np.testing.assert_allclose(pairs[0].T_second_first.matrix, motion.matrix, atol=1e-7)
    np.testing.assert_allclose(pairs[1].T_second_first.matrix, motion.inverse().matrix, atol=1e-7)
    np.testing.assert_allclose(pairs[0].first_camera.matrix, sequence.camera.matrix, rtol=1e-7)
    assert (pairs[0].first_camera.width, pairs[0].first_camera.height) == (320, 240)
    np.testing.assert_array_equal(pairs[0].second.read(), sequence.frame(1).image)


@pytest.mark.parametrize("turns", [(1, 0), (0, 1), (2, 3), (3, 2), (1, 1)])
def test_images_that_lie_on_their_side_are_put_upright_with_their_geometry(
    images: Path, sequence: SimulatedSequence, motion: Pose, turns: tuple[int, int]
) -> None:
    """Points of the world land on the same content as in the images that were not turned."""
    lying = [sequence.camera, Camera(320, 240, 300.0, 200.0, 140.0, 90.0)]
    (images / "pairs.txt").write_text(line("scans/room/0.png", "scans/room/1.png", turns, lying, motion.matrix))
    pair = open_pairs(images / "pairs.txt")[0]
    points = np.random.default_rng(0).uniform((-1, -1, 3), (1, 1, 6), (20, 3))
    for count, before, after, image, T_before, T_after in (
        (turns[0], lying[0], pair.first_camera, pair.first, Pose(), Pose()),
        (turns[1], lying[1], pair.second_camera, pair.second, motion, pair.T_second_first),
    ):
        stored = image.path and cv2.imread(str(image.path), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(image.read(), np.rot90(stored, count))
        assert (after.height, after.width) == image.read().shape
        x = points @ T_before.rotation.T + T_before.translation
        pixels = (x @ before.matrix.T)[:, :2] / x[:, 2:]
        # Where NumPy puts what was at these pixels.
        moved = pixels
        width, height = 320, 240
        for _ in range(count):
            moved = np.column_stack([moved[:, 1], width - 1 - moved[:, 0]])
            width, height = height, width
        # The first camera turned too, so its points are those of the turned frame.
        turned_first = points @ _turn(turns[0]).T
        y = turned_first @ T_after.rotation.T + T_after.translation
        np.testing.assert_allclose((y @ after.matrix.T)[:, :2] / y[:, 2:], moved, atol=1e-4)


def _turn(count: int) -> np.ndarray:
    """What a point of the upright camera is in one turned counterclockwise by quarters, as a rotation about the optical axis."""
    return np.asarray(cv2.Rodrigues(np.array([0.0, 0.0, -count * np.pi / 2]))[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda words: words[:-1], "expected 38 columns .*, got 37"),
        (lambda words: [*words, "1"], "expected 38 columns .*, got 39"),
        (lambda words: words[:4], "expected 38 columns .*, got 4"),
        (lambda words: [*words[:4], "nan", *words[5:]], "not finite"),
        (lambda words: [*words[:4], "f", *words[5:]], "must be a number"),
        (lambda words: [*words[:4], "-500", *words[5:]], "positive focal lengths"),
        (lambda words: [*words[:22], "2", *words[23:]], "must be a rotation, this one is not orthonormal"),
        (lambda words: [*words[:-4], *"0010"], "last row of a pose must be 0 0 0 1"),
        (lambda words: ["scans/room/7.png", *words[1:]], r"the image .*7\.png is missing"),
    ],
)
def test_a_bad_line_is_named(images: Path, sequence: SimulatedSequence, motion: Pose, change, message: str) -> None:
    good = line("scans/room/0.png", "scans/room/1.png", (0, 0), (sequence.camera, sequence.camera), motion.matrix)
    (images / "pairs.txt").write_text(f"{good}\n{' '.join(change(good.split()))}\n")
    with pytest.raises(DataError, match=rf"pairs\.txt:2: .*{message}"):
        open_pairs(images / "pairs.txt")


def test_mirrored_axes_are_no_rotation(images: Path, sequence: SimulatedSequence) -> None:
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    cameras = (sequence.camera, sequence.camera)
    (images / "pairs.txt").write_text(line("scans/room/0.png", "scans/room/1.png", (0, 0), cameras, mirror))
    with pytest.raises(DataError, match=r"pairs\.txt:1: .* this one mirrors"):
        open_pairs(images / "pairs.txt")


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("# nothing yet\n")
    with pytest.raises(DataError, match=r"pairs\.txt lists no pairs"):
        open_pairs(tmp_path / "pairs.txt")
