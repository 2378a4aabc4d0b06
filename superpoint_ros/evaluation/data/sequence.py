"""Pairs of frames of a video with known poses: TUM, KITTI, EuRoC and 7-Scenes layouts, and rosbags with ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.disk_image import DiskImage, eight_bit
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.evaluation.pairs import true_motion
from superpoint_ros.io.image_folder import ImageSequence
from superpoint_ros.io.reference import open_reference
from superpoint_ros.io.rosbag import RosbagSource
from superpoint_ros.io.seven_scenes import is_seven_scenes
from superpoint_ros.io.sources import Frame, Source, open_source

GAPS = (1, 3, 5, 10)
"""Frames between the two images of a pair."""
LAYOUT = "sequence"


def open_sequence(path: Path, gaps: Sequence[int] = GAPS, topic: str | None = None, reference: str | None = None) -> PairSet:
    """Every frame with the frame ``gap`` later, for each gap; the groups are ``gap 1``, ``gap 3``, …

    topic: the image topic of a bag, needed where it has several. reference: a TUM file or a pose topic of the bag with the true
    poses; None: those of the data set.
    Raises DataError where ground truth, intrinsics or images are missing, or a gap is no positive number.
    """
    if not gaps or min(gaps) < 1:
        raise DataError(f"frame gaps must be positive numbers, got {', '.join(map(str, gaps)) or 'none'}")
    source = open_source(path, topic)
    truth, camera = open_reference(reference, source), source.camera
    if camera is None:
        raise DataError(f"{path} has no intrinsics; put a camera.yaml beside the images, as camera_calibration writes it")
    images, stamps = _frames(path, source, max(gaps) + 1)
    pairs, unknown = [], 0
    for gap in sorted(set(gaps)):
        for i in range(len(images) - gap):
            first, second = images[i], images[i + gap]
            motion = true_motion(truth.trajectory, stamps[i], stamps[i + gap])
            if motion is None:
                unknown += 1
                continue
            name = f"{source.name}/{Path(first.name).stem}-{Path(second.name).stem}"
            pairs.append(ImagePair(name, f"gap {gap}", first, second, None, motion, camera, camera, source.name))
    notes = [truth.note] if truth.note else []
    if unknown:
        notes.append(f"{unknown} pairs were left out: the ground truth does not cover both of their frames.")
    too_long = [str(gap) for gap in sorted(set(gaps)) if gap >= len(images)]
    if too_long:
        notes.append(f"No pairs with gap {', '.join(too_long)}: there are only {len(images)} frames.")
    if is_seven_scenes(path):
        notes.append("The intrinsics are those that 7-Scenes gives, the depth camera's; the colour camera's differ a little.")
    return PairSet(source.name, LAYOUT, tuple(pairs), tuple(notes))


class _BagReader:
    """Images of a bag in nearly any order: opening it costs as much as reading ten of them, so it goes forward where it can."""

    def __init__(self, source: RosbagSource, keep: int) -> None:
        """keep: how many images stay in memory, and how many are skipped rather than that the bag is opened anew."""
        self._source, self._keep = source, keep
        self._frames: Iterator[Frame] = iter(())
        self._next = len(source)
        self._recent: dict[int, NDArray[np.uint8]] = {}

    def read(self, index: int) -> NDArray[np.uint8]:
        if index not in self._recent:
            if not self._next <= index < self._next + self._keep:
                self._frames, self._next = self._source.frames_from(index), index
            while self._next <= index:
                self._recent[self._next] = eight_bit(next(self._frames).image)
                self._recent.pop(self._next - self._keep, None)
                self._next += 1
            self._recent = {i: image for i, image in self._recent.items() if i > index - self._keep}
        return self._recent[index]


@dataclass(frozen=True)
class BagImage:
    """An ``ImageFile`` in a rosbag."""

    name: str
    reader: _BagReader
    index: int

    def read(self) -> NDArray[np.uint8]:
        """(H, W) or (H, W, 3) RGB. Raises DataError where the message cannot be decoded."""
        return self.reader.read(self.index)


def _frames(path: Path, source: Source, keep: int) -> tuple[list[DiskImage] | list[BagImage], Sequence[float]]:
    """The images and their stamps in seconds. keep: images of a bag that stay in memory."""
    if isinstance(source, RosbagSource):
        reader = _BagReader(source, keep)
        return [BagImage(f"{index:06d}", reader, index) for index in range(len(source))], source.stamps
    assert isinstance(source, ImageSequence), source
    missing = next((file for file in source.files if not file.is_file()), None)
    if missing is not None:
        raise DataError(f"{path}: the image {missing} is missing")
    return [DiskImage(_below(path, file), file) for file in source.files], source.stamps


def _below(folder: Path, file: Path) -> str:
    """The name of a file as hloc gives it: its path below the folder."""
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
