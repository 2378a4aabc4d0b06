"""A walk through the room: smooth, with sway and bob, round and round without ever touching anything."""

from __future__ import annotations

import numpy as np

from superpoint_ros.types import DoubleArray, Pose

_BODY_FROM_OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""From an optical frame (x right, y down, z forward) to a body frame (x forward, y left, z up); REP 103."""

_HEIGHT = 1.5
_STEPS_PER_SECOND = 1.8


class Walk:
    """A closed walk round the middle of the room at constant speed.

    Shape, gaze and sway depend on the seed and are smooth functions of time. The walk stays within 3.7 m (x) and 2.9 m (y) of
    the centre of the floor: more than a metre from every wall.
    """

    def __init__(self, speed: float, rng: np.random.Generator) -> None:
        """speed: m/s along the floor."""
        self._swell = rng.uniform(-0.12, 0.12, 2)
        self._swell_phase = rng.uniform(0, 2 * np.pi, 2)
        self._direction = 1.0 if rng.random() < 0.5 else -1.0
        self._sway_phase = rng.uniform(0, 2 * np.pi, 5)
        self._speed = speed
        self._angles = np.linspace(0, 2 * np.pi, 2001)
        steps = np.linalg.norm(np.diff(self._position(self._angles), axis=0), axis=1)
        self._lengths = np.concatenate(([0.0], np.cumsum(steps)))
        self._start = float(rng.uniform(0, self._lengths[-1]))

    @property
    def path(self) -> DoubleArray:
        """(N, 2) points of the whole round on the floor, metres in the world."""
        return self._position(self._angles)

    def pose(self, time: float) -> Pose:
        """``T_world_camera`` (optical frame) at a time in seconds."""
        length = (self._start + self._direction * self._speed * time) % self._lengths[-1]
        angle = float(np.interp(length, self._lengths, self._angles))
        around = self._position(np.array([angle - 1e-4, angle, angle + 1e-4]))
        forward = self._direction * (around[2] - around[0])

        sway = np.sin(
            2 * np.pi * time * np.array([0.11, 0.23, 0.31, _STEPS_PER_SECOND, _STEPS_PER_SECOND / 2]) + self._sway_phase
        )
        yaw = np.arctan2(forward[1], forward[0]) + 0.3 * sway[0]
        pitch = 0.06 + 0.05 * sway[1]
        roll = 0.03 * sway[2] + 0.006 * sway[4]
        height = _HEIGHT + 0.02 * sway[3]
        return Pose(_rotation(yaw, pitch, roll) @ _BODY_FROM_OPTICAL, np.array([*around[1], height]))

    def _position(self, angles: DoubleArray) -> DoubleArray:
        """(N, 2) of (N,) angles: an ellipse that swells and shrinks a little on the way round."""
        waves = np.sin(angles[:, None] * (2, 3) + self._swell_phase)
        return np.column_stack((2.9 * np.cos(angles), 2.3 * np.sin(angles))) * (1 + waves @ self._swell)[:, None]


def _rotation(yaw: float, pitch: float, roll: float) -> DoubleArray:
    """Rotation of a body that is turned by yaw (left), pitch (down) and roll (right side down), in radians; REP 103."""
    (cy, cp, cr), (sy, sp, sr) = np.cos((yaw, pitch, roll)), np.sin((yaw, pitch, roll))
    about_z = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
    about_y = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
    return np.asarray(about_z @ about_y @ about_x, np.float64)
