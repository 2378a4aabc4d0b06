"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

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
