"""What every data set, recording and simulation gives: frames in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from superpoint_ros.io.images import PixelArray
from superpoint_ros.io.trajectory import Trajectory
from superpoint_ros.types import Camera


@dataclass(frozen=True)
class Frame:
    """One image of a sequence.

    index: place in the sequence, from 0. stamp: seconds. name: unique in the sequence, e.g. the file name.
    image: (H, W) or (H, W, 3) RGB, uint8 or uint16; float32 in [0, 1] from a message of 32FC1.
    """

    index: int
    stamp: float
    name: str
    image: PixelArray


class Source(Protocol):
    """A sequence of frames that can be read any number of times, each time the same; images are read one by one."""

    @property
    def name(self) -> str:
        """For people: the folder, bag or sequence."""

    @property
    def camera(self) -> Camera | None:
        """Intrinsics, where they are known."""

    @property
    def ground_truth(self) -> Trajectory | None:
        """``T_world_camera`` over time, where it is known."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]:
        """Frames in order. Raises DataError where one cannot be read."""
