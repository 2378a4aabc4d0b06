"""Writes a sequence as files in the layout of TUM RGB-D."""

from __future__ import annotations

from pathlib import Path

import cv2

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_file import write_camera
from superpoint_ros.io.frame import Source
from superpoint_ros.io.image_folder import CAMERA_FILE


def write_tum_folder(sequence: Source, folder: Path) -> None:
    """Write ``rgb/STAMP.png``, ``rgb.txt``, ``groundtruth.txt`` and ``camera.yaml`` (the last two where they are known).

    Raises DataError where the folder exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty; give a new folder")
    (folder / "rgb").mkdir(parents=True, exist_ok=True)
    lines = ["# stamp file"]
    for frame in sequence:
        name = f"rgb/{frame.stamp:.6f}.png"
        image = frame.image if frame.image.ndim == 2 else cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        (folder / name).write_bytes(cv2.imencode(".png", image)[1].tobytes())
        lines.append(f"{frame.stamp:.6f} {name}")
    (folder / "rgb.txt").write_text("\n".join(lines) + "\n")
    if sequence.ground_truth is not None:
        sequence.ground_truth.write_tum(folder / "groundtruth.txt")
    if sequence.camera is not None:
        write_camera(folder / CAMERA_FILE, sequence.camera)
