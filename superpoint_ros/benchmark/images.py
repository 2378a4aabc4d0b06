"""The images that are measured on: rendered, so that everybody has the same."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.types import Camera, Image

_RATE = 20.0


@lru_cache(maxsize=8)
def rendered(size: tuple[int, int], frames: int = 1) -> tuple[Image, ...]:
    """Consecutive frames (H, W) uint8 of a walk through a furnished room. size: (width, height)."""
    return tuple(frame.image for frame in islice(_sequence(size), frames))


def camera(size: tuple[int, int]) -> Camera:
    """That took them."""
    return _sequence(size).camera


def stamp(index: int) -> float:
    """Of a frame, in seconds."""
    return index / _RATE


def _sequence(size: tuple[int, int]) -> SimulatedSequence:
    return SimulatedSequence(frames=100, size=size, rate=_RATE)
