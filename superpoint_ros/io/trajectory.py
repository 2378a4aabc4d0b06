"""Camera trajectories: poses over time, and the TUM text format that evo and most SLAM tools read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.rotations import nearest_rotation, quaternion_to_rotation, rotation_to_quaternion
from superpoint_ros.types import DoubleArray, Pose

_END_SLACK = 1e-3
"""Seconds by which a stamp may lie outside a trajectory and still get its end pose: what rounding in text files costs."""
_ROTATION_SLACK = 0.02
"""Largest element of R R^T - I: some published poses are averages or products that nobody made orthonormal again."""


@dataclass(frozen=True)
class Trajectory:
    """Where the camera was.

    stamps: (N,) float64 seconds, strictly increasing. poses: ``T_world_camera`` (optical frame) at each of them.
    """

    stamps: DoubleArray
    poses: tuple[Pose, ...]

    def __post_init__(self) -> None:
        if self.stamps.ndim != 1 or len(self.stamps) != len(self.poses):
            raise ValueError(f"{len(self.poses)} poses need as many stamps, got an array of shape {self.stamps.shape}")
        if np.any(np.diff(self.stamps) <= 0.0):
            raise ValueError("stamps must increase strictly")

    def __len__(self) -> int:
        return len(self.poses)

    def __repr__(self) -> str:
        seconds = self.stamps[-1] - self.stamps[0] if len(self) else 0.0
        return f"Trajectory({len(self)} poses over {seconds:.1f} s)"

    def at(self, stamp: float, max_gap: float = 0.5) -> Pose | None:
        """The pose at a time in seconds, interpolated between its two neighbours (rotation by slerp).

        None outside the trajectory, and where the neighbours are more than ``max_gap`` seconds apart.
        """
        right = int(np.searchsorted(self.stamps, stamp))
        if right < len(self) and self.stamps[right] == stamp:
            return self.poses[right]
        if right == 0 or right == len(self):
            end = min(right, len(self) - 1)
            return self.poses[end] if len(self) and abs(self.stamps[end] - stamp) <= _END_SLACK else None
        before, after = self.stamps[right - 1], self.stamps[right]
        if after - before > max_gap:
            return None
        return interpolate_pose(self.poses[right - 1], self.poses[right], (stamp - before) / (after - before))

    def moved(self, mounting: Pose) -> Trajectory:
        """Poses of a frame that is fixed to this one; mounting: its pose in this one."""
        return Trajectory(self.stamps, tuple(pose @ mounting for pose in self.poses))

    def write_tum(self, path: Path) -> None:
        """Write one line per pose: ``stamp tx ty tz qx qy qz qw``, seconds and metres."""
        lines = ["# stamp tx ty tz qx qy qz qw (camera to world)"]
        for stamp, pose in zip(self.stamps, self.poses, strict=True):
            numbers = (*pose.translation, *rotation_to_quaternion(pose.rotation))
            lines.append(f"{stamp:.9f} " + " ".join(f"{number:.9f}" for number in numbers))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    @staticmethod
    def read_tum(path: Path) -> Trajectory:
        """Read what ``write_tum`` wrote, or any file in that format; lines that start with # are comments.

        Raises DataError where the file is missing or is not in this format.
        """
        rows = read_numbers(path, 8)
        return trajectory_from_rows(path, rows[:, 0], [pose_from_numbers(row[1:4], row[4:8], path) for row in rows])


def trajectory_from_rows(path: Path | str, stamps: DoubleArray, poses: list[Pose]) -> Trajectory:
    """A trajectory from the rows of a file, sorted by time and with repeated stamps dropped (recordings have both)."""
    if len(stamps) != len(poses):
        raise DataError(f"{path}: {len(poses)} poses for {len(stamps)} time stamps; the counts must agree")
    unique, first = np.unique(stamps, return_index=True)
    return Trajectory(np.ascontiguousarray(unique, np.float64), tuple(poses[i] for i in first))


def read_numbers(path: Path, columns: int, delimiter: str | None = None, *, more: bool = False) -> DoubleArray:
    """The numbers of every line of a text file, (N, columns) float64; lines that start with # are skipped.

    more: lines may be longer; only their first ``columns`` numbers are read.
    Raises DataError, with the line, where the file cannot be read or a line has another count of numbers or is not numeric.
    """
    return np.array([row for _, row in numbered_rows(path, columns, delimiter, more=more)], np.float64)


def numbered_rows(path: Path, columns: int, delimiter: str | None = None, *, more: bool = False) -> list[tuple[int, list[float]]]:
    """What ``read_numbers`` reads, each row with the number of its line in the file, for errors."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from None
    rows: list[tuple[int, list[float]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            row = [float(word) for word in line.split(delimiter)[: columns if more else None]]
        except ValueError:
            row = []
        if len(row) != columns or not np.all(np.isfinite(row)):
            raise DataError(f"{path}:{number}: expected {columns} numbers, got {line.strip()[:60]!r}")
        rows.append((number, row))
    if not rows:
        raise DataError(f"{path} holds no data")
    return rows


def pose_from_matrix(matrix: DoubleArray, where: str) -> Pose:
    """A pose from a 3x4 or 4x4 matrix of a file, its rotation made exact: files carry few digits.

    Raises DataError, which says where, for a matrix that is no rigid motion, e.g. because it is transposed or scaled.
    """
    rotation, last_row = matrix[:3, :3], matrix[3:]
    if len(last_row) and not np.allclose(last_row, (0, 0, 0, 1), atol=1e-6):
        raise DataError(f"{where}: the last row of a pose must be 0 0 0 1, got {' '.join(f'{x:g}' for x in last_row[0])}")
    off = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if not off < _ROTATION_SLACK or np.linalg.det(rotation) < 0:
        kind = "mirrors" if off < _ROTATION_SLACK else "is not orthonormal"
        raise DataError(f"{where}: the left 3x3 block of a pose must be a rotation, this one {kind}")
    return Pose(nearest_rotation(rotation), np.array(matrix[:3, 3], np.float64))


def pose_from_numbers(translation: DoubleArray, quaternion: DoubleArray, path: Path | str) -> Pose:
    """A pose from a translation and a quaternion (x, y, z, w) of any length but zero; DataError names the file."""
    if not np.linalg.norm(quaternion) > 1e-6:
        raise DataError(f"{path}: a quaternion has no length: {quaternion.tolist()}")
    return Pose(quaternion_to_rotation(quaternion), np.array(translation, np.float64))


def interpolate_pose(a: Pose, b: Pose, fraction: float) -> Pose:
    """The pose between a (fraction 0) and b (fraction 1): translation linear, rotation by slerp on the shorter arc."""
    p, q = rotation_to_quaternion(a.rotation), rotation_to_quaternion(b.rotation)
    cosine = float(p @ q)
    if cosine < 0.0:
        q, cosine = -q, -cosine
    angle = np.arccos(min(cosine, 1.0))
    if angle < 1e-6:  # sin(angle) / angle is 1 here: slerp is the straight line
        mixed = (1.0 - fraction) * p + fraction * q
    else:
        mixed = (np.sin((1.0 - fraction) * angle) * p + np.sin(fraction * angle) * q) / np.sin(angle)
    return Pose(quaternion_to_rotation(mixed), (1.0 - fraction) * a.translation + fraction * b.translation)
