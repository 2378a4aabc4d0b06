"""Pairs of frames of a video with known poses: TUM, KITTI, EuRoC and 7-Scenes layouts, and rosbags with ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.disk_image import DiskImage
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImageFile, ImagePair
from superpoint_ros.evaluation.pairs import true_motion
from superpoint_ros.io.image_folder import ImageSequence
from superpoint_ros.io.seven_scenes import is_seven_scenes
from superpoint_ros.io.sources import open_source

GAPS = (1, 3, 5, 10)
"""Frames between the two images of a pair."""
LAYOUT = "sequence"


def open_sequence(path: Path, gaps: Sequence[int] = GAPS, topic: str | None = None) -> PairSet:
    """Every frame with the frame ``gap`` later, for each gap; the groups are ``gap 1``, ``gap 3``, …

    topic: the image topic of a bag, needed where it has several.
    Raises DataError where ground truth, intrinsics or images are missing, or a gap is no positive number.
    """
    if not gaps or min(gaps) < 1:
        raise DataError(f"frame gaps must be positive numbers, got {', '.join(map(str, gaps)) or 'none'}")
    source = open_source(path, topic)
    truth, camera = source.ground_truth, source.camera
    if truth is None:
        raise DataError(f"{path} has no ground truth; pairs cannot be evaluated without it")
    if camera is None:
        raise DataError(f"{path} has no intrinsics; put a camera.yaml beside the images, as camera_calibration writes it")
    images, stamps = _frames(path, source)
    pairs, unknown = [], 0
    for gap in sorted(set(gaps)):
        for i in range(len(images) - gap):
            first, second = images[i], images[i + gap]
            motion = true_motion(truth, stamps[i], stamps[i + gap])
            if motion is None:
                unknown += 1
                continue
            name = f"{source.name}/{Path(first.name).stem}-{Path(second.name).stem}"
            pairs.append(ImagePair(name, f"gap {gap}", first, second, None, motion, camera, camera))
    notes = []
    if unknown:
        notes.append(f"{unknown} pairs were left out: the ground truth does not cover both of their frames.")
    too_long = [str(gap) for gap in sorted(set(gaps)) if gap >= len(images)]
    if too_long:
        notes.append(f"No pairs with gap {', '.join(too_long)}: there are only {len(images)} frames.")
    if is_seven_scenes(path):
        notes.append("The intrinsics are those that 7-Scenes gives, the depth camera's; the colour camera's differ a little.")
    return PairSet(source.name, LAYOUT, tuple(pairs), tuple(notes))
