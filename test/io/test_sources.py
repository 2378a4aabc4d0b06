"""Every layout: written here as its makers write it, and read from real data where there is some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_file import read_camera, write_camera
from superpoint_ros.io.sources import Source, open_source
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Camera, Pose

CAMERA = Camera(8, 6, 10.0, 11.0, 3.5, 2.5, "plumb_bob", (0.1, -0.2, 0.001, 0.002, 0.3))


def save(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((6, 8), value, np.uint8))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def values(source: Source) -> list[int]:
    return [int(frame.image[0, 0]) for frame in source]


def stamps(source: Source) -> list[float]:
    return [frame.stamp for frame in source]


def test_plain_folder(tmp_path: Path) -> None:
    for value, name in ((2, "b10.png"), (1, "b9.png"), (0, "a.png")):
        save(tmp_path / name, value)
    source = open_source(tmp_path)
    assert values(source) == values(source) == [0, 1, 2]
    np.testing.assert_allclose(stamps(source), (0, 1 / 30, 2 / 30))
    assert [frame.name for frame in source] == ["a.png", "b9.png", "b10.png"]
    assert source.camera is None
    assert source.ground_truth is None
    write_camera(tmp_path / "camera.yaml", CAMERA)
    assert open_source(tmp_path).camera == CAMERA


def test_names_that_are_times(tmp_path: Path) -> None:
    for name in ("1403636579763555584", "1403636579813555456"):
        save(tmp_path / f"{name}.png", 0)
    np.testing.assert_allclose(stamps(open_source(tmp_path)), (1403636579.763555584, 1403636579.813555456))


@pytest.mark.parametrize("model", ["pinhole", "plumb_bob", "rational_polynomial", "equidistant"])
def test_camera_file_round_trip(tmp_path: Path, model: str) -> None:
    count = {"pinhole": 0, "plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}[model]
    camera = Camera(8, 6, 10.0, 11.0, 3.5, 2.5, model, tuple(0.1 * k for k in range(1, count + 1)))
    write_camera(tmp_path / "camera.yaml", camera)
    assert read_camera(tmp_path / "camera.yaml") == camera


@pytest.mark.parametrize(
    "text", ["", "[", "image_width: 8", "- 1", "image_width: x\nimage_height: 3\ncamera_matrix: {data: [1]}"]
)
def test_damaged_camera_file(tmp_path: Path, text: str) -> None:
    write(tmp_path / "camera.yaml", text)
    with pytest.raises(DataError, match=r"camera\.yaml"):
        read_camera(tmp_path / "camera.yaml")


def test_tum(tmp_path: Path, write_tum: Callable[[SimulatedSequence, Path], None]) -> None:
    sequence = SimulatedSequence(frames=3, size=(64, 48))
    write_tum(sequence, tmp_path / "tum")
    source = open_source(tmp_path / "tum")
    assert source.camera == sequence.camera
    for read, frame in zip(source, sequence, strict=True):
        np.testing.assert_array_equal(read.image, frame.image)
        assert read.stamp == pytest.approx(frame.stamp)
        pose = source.ground_truth.at(read.stamp)
        np.testing.assert_allclose(pose.matrix, sequence.ground_truth.at(frame.stamp).matrix, atol=1e-7)


@pytest.mark.parametrize(("name", "fx"), [("rgbd_dataset_freiburg1_xyz", 517.3), ("tum_fr2_desk", 520.9), ("fr3_office", 535.4)])
def test_tum_intrinsics_are_known_by_name(tmp_path: Path, name: str, fx: float) -> None:
    save(tmp_path / name / "rgb" / "1.5.png", 4)
    write(tmp_path / name / "rgb.txt", "# color images\n1.5 rgb/1.5.png\n")
    source = open_source(tmp_path / name)
    assert source.camera is not None
    assert source.camera.fx == fx
    assert (values(source), stamps(source)) == ([4], [1.5])


def test_tum_of_another_sensor_has_no_camera(tmp_path: Path) -> None:
    save(tmp_path / "other" / "1311868169.5.png", 4)
    write(tmp_path / "other" / "groundtruth.txt", "1311868169.5 0 0 0 0 0 0 1\n")
    assert open_source(tmp_path / "other").camera is None


def test_kitti_layout_of_the_benchmark(tmp_path: Path) -> None:
    folder = tmp_path / "sequences" / "04"
    for index in range(3):
        save(folder / "image_0" / f"{index:06d}.png", index)
        save(folder / "image_2" / f"{index:06d}.png", 100 + index)
    write(folder / "calib.txt", "P0: 7 0 4 0 0 7 3 0 0 0 1 0\nP1: 7 0 4 -9 0 7 3 0 0 0 1 0\nP2: 7 0 4 3.5 0 7 3 0 0 0 1 0\n")
    write(folder / "times.txt", "0.0\n1.038e-01\n2.075e-01\n")
    row = "1 0 0 0 0 1 0 0 0 0 1 {}\n"
    write(tmp_path / "poses" / "04.txt", "".join(row.format(z) for z in range(3)))
    source = open_source(folder)
    assert values(source) == [0, 1, 2]
    np.testing.assert_allclose(stamps(source), (0, 0.1038, 0.2075))
    assert source.camera == Camera(8, 6, 7.0, 7.0, 4.0, 3.0)
    np.testing.assert_allclose([pose.translation for pose in source.ground_truth.poses], [(0, 0, 0), (0, 0, 1), (0, 0, 2)])

    for file in (folder / "image_0").iterdir():
        file.unlink()
    (folder / "image_0").rmdir()
    colour = open_source(folder)
    assert values(colour) == [100, 101, 102]
    np.testing.assert_allclose(colour.ground_truth.poses[2].translation, (-0.5, 0, 2))


def test_kitti_with_too_few_poses(tmp_path: Path) -> None:
    for index in range(3):
        save(tmp_path / "image_l" / f"{index:06d}.png", index)
    write(tmp_path / "calib.txt", "7 0 4 0 0 7 3 0 0 0 1 0\n")
    write(tmp_path / "poses.txt", "1 0 0 0 0 1 0 0 0 0 1 0\n")
    with pytest.raises(DataError, match="1 poses for 3 time stamps"):
        open_source(tmp_path)
    write(tmp_path / "calib.txt", "nothing\n")
    with pytest.raises(DataError, match=r"calib\.txt: line 1"):
        open_source(tmp_path)


def test_poses_that_are_no_rotation_are_named(tmp_path: Path) -> None:
    for index in range(2):
        save(tmp_path / "kitti" / "image_l" / f"{index:06d}.png", index)
        save(tmp_path / "scenes" / f"frame-{index:06d}.color.png", index)
        write(tmp_path / "scenes" / f"frame-{index:06d}.pose.txt", "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n")
    write(tmp_path / "kitti" / "calib.txt", "7 0 4 0 0 7 3 0 0 0 1 0\n")
    write(tmp_path / "kitti" / "poses.txt", "1 0 0 0 0 1 0 0 0 0 1 0\n1 0 0 0 0 3 0 0 0 0 1 0\n")
    with pytest.raises(DataError, match=r"poses\.txt:2: .* must be a rotation"):
        open_source(tmp_path / "kitti")
    assert open_source(tmp_path / "scenes").ground_truth is not None
    write(tmp_path / "scenes" / "frame-000001.pose.txt", "1 0 0 0\n0 1 0 0\n0 0 1 0\n9 9 9 1\n")
    with pytest.raises(DataError, match=r"frame-000001\.pose\.txt: the last row"):
        open_source(tmp_path / "scenes")


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(("model", "ours"), [("radial-tangential", "plumb_bob"), ("equidistant", "equidistant")])
def test_euroc(tmp_path: Path, model: str, ours: str, inside: bool) -> None:
    camera = tmp_path / "mav0" / "cam0"
    times = (1403636579763555584, 1403636579813555456)
    for value, time in enumerate(times):
        save(camera / "data" / f"{time}.png", value)
    write(camera / "data.csv", "#timestamp [ns],filename\r\n" + "".join(f"{time},{time}.png\r\n" for time in times))
    extrinsics = "[0, -1, 0, 0.5, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]"
    sensor = f"sensor_type: camera\nT_BS:\n  cols: 4\n  rows: 4\n  data: {extrinsics}\nresolution: [8, 6]\n"
    sensor += f"intrinsics: [10, 11, 3.5, 2.5]\ndistortion_model: {model}\ndistortion_coefficients: [0.1, 0.2, 0.3, 0.4]\n"
    write(camera / "sensor.yaml", sensor)
    half = np.sqrt(0.5)  # the body has turned by 90 degrees about z: w x y z
    rows = "".join(f"{time},1,2,3,{half},0,0,{half},0,0,0\n" for time in times)
    write(tmp_path / "mav0" / "state_groundtruth_estimate0" / "data.csv", "#timestamp, p_RS_R_x [m], …\n" + rows)

    source = open_source(tmp_path / "mav0" if inside else tmp_path)
    assert values(source) == [0, 1]
    assert stamps(source) == [time / 1e9 for time in times]
    assert source.camera == Camera(8, 6, 10.0, 11.0, 3.5, 2.5, ours, (0.1, 0.2, 0.3, 0.4))
    pose = source.ground_truth.at(times[1] / 1e9)
    np.testing.assert_allclose(pose.translation, (1, 2.5, 3))  # 0.5 m along the body's x is the world's y
    np.testing.assert_allclose(pose.rotation, np.diag((-1, -1, 1)), atol=1e-12)  # two quarter turns


def test_what_is_no_sequence_is_named(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", "text")
    for path, text in (
        (tmp_path / "nothing", "does not exist"),
        (tmp_path, "holds no images"),
        (tmp_path / "notes.txt", "neither a rosbag"),
    ):
        with pytest.raises(DataError, match=text):
            open_source(path)
    save(tmp_path / "a.png", 0)
    with pytest.raises(DataError, match="no topic /image"):
        open_source(tmp_path, "/image")
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"b\.png"):
        list(open_source(tmp_path))


@pytest.mark.parametrize(
    ("name", "count", "size", "fx"),
    [("kitti", 51, (1226, 370), 707.0912), ("tum_fr2_desk", 20, (640, 480), 520.9), ("seven_scenes", 200, (640, 480), 585.0)],
)
def test_real_data(shared_data: Path, name: str, count: int, size: tuple[int, int], fx: float) -> None:
    source = open_source(shared_data / "sequences" / name)
    assert len(source) == count
    assert source.camera is not None
    assert (source.camera.width, source.camera.height, source.camera.fx) == (*size, fx)
    assert source.ground_truth is not None
    frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    poses = [source.ground_truth.at(frame.stamp) for frame in frames]
    assert all(pose is not None for pose in poses)
    assert all(frame.image.shape[:2] == size[::-1] for frame in frames)
    assert np.all(np.diff(stamps(frames)) > 0)


def test_real_kitti_drives_forward(shared_data: Path) -> None:
    """The frames' convention: the car moves along the camera's z axis."""
    truth = open_source(shared_data / "sequences" / "kitti").ground_truth
    steps: list[Pose] = [a.inverse() @ b for a, b in zip(truth.poses, truth.poses[1:], strict=False)]
    assert all(step.translation[2] > 0.95 * np.linalg.norm(step.translation) for step in steps)
