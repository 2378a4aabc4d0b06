from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence


class Outcome:
    """Exit status and both streams of one call of the command line."""

    def __init__(self, *arguments: str | Path) -> None:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        self.status, self.out, self.err = result.exit_code, result.stdout, result.stderr

    def refused(self) -> str:
        """The one line on stderr of a command that exits 2 because of what it was given."""
        assert self.status == 2, self.out + self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        return lines[0]


@pytest.fixture
def run() -> Callable[..., Outcome]:
    return Outcome


@pytest.fixture(scope="session")
def sequence_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short rendered sequence as KITTI lays it out: images, calibration and true poses."""
    folder = tmp_path_factory.mktemp("kitti")
    (folder / "image_l").mkdir()
    sequence = SimulatedSequence(frames=6, size=(320, 240), rate=5.0)
    for frame in sequence:
        cv2.imwrite(str(folder / "image_l" / f"{frame.name}.png"), frame.image)
    camera = sequence.camera
    projection = np.hstack([camera.matrix, np.zeros((3, 1))])
    np.savetxt(folder / "calib.txt", np.stack([projection.ravel(), projection.ravel()]))
    np.savetxt(folder / "poses.txt", np.stack([pose.matrix[:3].ravel() for pose in sequence.ground_truth.poses]))
    (folder / "camera.yaml").write_text(
        f"image_width: {camera.width}\nimage_height: {camera.height}\ndistortion_model: plumb_bob\n"
        f"camera_matrix: {{rows: 3, cols: 3, data: {camera.matrix.ravel().tolist()}}}\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n"
    )
    return folder


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sequence as a rosbag."""
    path = tmp_path_factory.mktemp("bag") / "simulation"
    write_bag(SimulatedSequence(frames=6, size=(320, 240), rate=5.0), path)
    return path
