"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from superpoint_ros.io.camera_file import write_camera
from superpoint_ros.simulation.sequence import SimulatedSequence


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real image pairs and sequences, which are not part of the repository.

    ``SUPERPOINT_ROS_DATA`` names it, else it is ``../shared/data`` beside the repository.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SUPERPOINT_ROS_DATA", beside))
    if not folder.is_dir():
        reason = f"no real data in {folder}: set SUPERPOINT_ROS_DATA to the folder that has them"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def write_tum() -> Callable[[SimulatedSequence, Path], None]:
    """Writes a sequence into a new folder, in the layout of TUM RGB-D with a ``camera.yaml``."""

    def write(sequence: SimulatedSequence, folder: Path) -> None:
        (folder / "rgb").mkdir(parents=True)
        lines = ["# stamp file"]
        for frame in sequence:
            name = f"rgb/{frame.stamp:.6f}.png"
            assert cv2.imwrite(str(folder / name), frame.image)
            lines.append(f"{frame.stamp:.6f} {name}")
        (folder / "rgb.txt").write_text("\n".join(lines) + "\n")
        sequence.ground_truth.write_tum(folder / "groundtruth.txt")
        write_camera(folder / "camera.yaml", sequence.camera)

    return write
