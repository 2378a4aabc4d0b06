"""The rows that the terminal and the report share."""

from __future__ import annotations

import math

from superpoint_ros.evaluation.pairs import PairSummary
from superpoint_ros.evaluation.relative_pose import AUC_THRESHOLDS
from superpoint_ros.evaluation.trajectory import TrajectoryError

Row = tuple[str, ...]


def figure(value: float, digits: int = 3) -> str:
    """A number for people: this many significant digits, or a whole number with 0."""
    if not math.isfinite(value):
        return "–"
    if digits == 0:
        return f"{value:.0f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else digits - 1
    return f"{value:.{min(decimals, 4)}f}"


def error_rows(summary: PairSummary, trajectory: TrajectoryError | None) -> list[Row]:
    """What is wrong by how much: name, median, 90th percentile (or one figure); no rows without ground truth."""
    rows: list[Row] = []
    if summary.rotation:
        rows.append(("Rotation per pair", *(f"{figure(value)}°" for value in summary.rotation)))
    if summary.direction:
        rows.append(("Translation direction per pair", *(f"{figure(value)}°" for value in summary.direction)))
    if summary.auc:
        rows.extend(
            (f"Pose AUC at {threshold:g}°", f"{100 * area:.1f} %", "")
            for threshold, area in zip(AUC_THRESHOLDS, summary.auc, strict=True)
        )
    if trajectory:
        rows.append(("Trajectory, APE (RMSE, after alignment)", f"{figure(trajectory.ape_rmse)} m", ""))
        rows.append(("Trajectory, share of the path", f"{figure(trajectory.ape_percent)} %", ""))
        rows.append(("Trajectory, RPE rotation (RMSE)", f"{figure(trajectory.rpe_rotation)}°", ""))
        rows.append(("Trajectory, RPE translation (RMSE)", f"{figure(trajectory.rpe_translation)} m", ""))
    return rows


STATUS_WORDS = {
    "OK": "rotation and direction",
    "AMBIGUOUS_PLANE": "rotation and direction, of a plane (the likelier of two)",
    "PURE_ROTATION": "rotation only: too little parallax",
    "NO_MOTION": "the camera stood still",
    "NO_CAMERA": "homography only: no intrinsics",
    "TOO_FEW_MATCHES": "too few matches",
    "TOO_FEW_INLIERS": "too few inliers",
    "ESTIMATION_FAILED": "estimation failed",
}


def status_rows(summary: PairSummary) -> list[Row]:
    """Pairs of each status, in words."""
    return [(STATUS_WORDS[name], str(count)) for name, count in summary.statuses.items()]
