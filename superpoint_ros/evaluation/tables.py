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


def error_rows(summary: PairSummary, trajectory: TrajectoryError | None, rigid: TrajectoryError | None = None) -> list[Row]:
    """What is wrong by how much: name, median, 90th percentile (or one figure); no rows without ground truth.

    trajectory: after an alignment by Sim(3). rigid: by SE(3).
    """
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
    for error, alignment in ((trajectory, "Sim(3)"), (rigid, "SE(3)")):
        if error is not None:
            rows.append((f"Trajectory, APE (RMSE, {alignment})", f"{figure(error.ape_rmse)} m", ""))
            rows.append((f"Trajectory, APE, share of the path ({alignment})", f"{figure(error.ape_percent)} %", ""))
            rows.append((f"Trajectory, RPE translation (RMSE, {alignment})", f"{figure(error.rpe_translation)} m", ""))
    if trajectory is not None:
        rows.append(("Trajectory, RPE rotation (RMSE)", f"{figure(trajectory.rpe_rotation)}°", ""))
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
