"""What became of a sequence of image pairs: counts, and errors where the ground truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from superpoint_ros.evaluation.relative_pose import AUC_THRESHOLDS, PoseError, pose_auc, relative_pose_error
from superpoint_ros.types import Pose, TwoViewGeometry

if TYPE_CHECKING:
    from superpoint_ros.io.trajectory import Trajectory


@dataclass(frozen=True)
class PairRecord:
    """One pair of images. stamps in seconds; keypoints: of the current image; truth: ``T_current_reference``, None if unknown."""

    reference_stamp: float
    stamp: float
    keypoints: int
    geometry: TwoViewGeometry
    truth: Pose | None = None

    @property
    def matches(self) -> int:
        """How many keypoints were matched."""
        return len(self.geometry.inliers)

    @property
    def inliers(self) -> int:
        """How many matches agree with the model that won."""
        return int(self.geometry.inliers.sum())

    @property
    def error(self) -> PoseError | None:
        """None without ground truth or without any pose."""
        if self.truth is None or self.geometry.T_current_reference is None:
            return None
        return relative_pose_error(self.geometry.T_current_reference, self.truth)

    @property
    def pose_error(self) -> float:
        """Degrees, for the AUC: infinite without a pose, or where the camera moved and no direction was found."""
        error = self.error
        if error is None or self.truth is None:
            return float("inf")
        unknown = not np.any(self.geometry.T_current_reference.translation) if self.geometry.T_current_reference else True
        moved = not np.isnan(relative_pose_error(self.truth, self.truth).direction)
        return float("inf") if unknown and moved else error.pose


def true_motion(truth: Trajectory | None, reference_stamp: float, stamp: float) -> Pose | None:
    """``T_current_reference`` from a ground truth of ``T_world_camera``; None where it doesn't cover both stamps."""
    reference = truth.at(reference_stamp) if truth is not None else None
    current = truth.at(stamp) if truth is not None else None
    return current.inverse() @ reference if reference is not None and current is not None else None


@dataclass(frozen=True)
class PairSummary:
    """Figures of all pairs of a run. Errors in degrees; None without ground truth.

    valid: pairs with rotation and translation direction. statuses: pairs per TwoViewStatus name.
    keypoints, matches, inliers: medians. rotation, direction: (median, 90th percentile) of the errors.
    auc: of the pose error at 5, 10 and 20 degrees over all pairs with ground truth, failures included.
    """

    pairs: int
    valid: int
    statuses: dict[str, int]
    keypoints: float
    matches: float
    inliers: float
    parallax: float
    rotation: tuple[float, float] | None = None
    direction: tuple[float, float] | None = None
    auc: tuple[float, ...] | None = None

    @property
    def valid_share(self) -> float:
        """Share of pairs with a pose, in [0, 1]; 0 without pairs."""
        return self.valid / self.pairs if self.pairs else 0.0

    def figures(self) -> dict[str, Any]:
        """For JSON; medians and areas carry their names."""
        values = {**asdict(self), "valid_share": self.valid_share}
        for name in ("rotation", "direction"):
            values[f"{name}_error_deg"] = dict(zip(("median", "p90"), pair, strict=True)) if (pair := values.pop(name)) else None
        values["pose_auc"] = dict(zip((f"{t:g}deg" for t in AUC_THRESHOLDS), self.auc, strict=True)) if self.auc else None
        del values["auc"]
        return values


def summarize(pairs: Sequence[PairRecord]) -> PairSummary:
    """Figures of a run; medians of nothing are NaN."""
    errors = [error for pair in pairs if (error := pair.error) is not None]
    known = [pair.pose_error for pair in pairs if pair.truth is not None]
    return PairSummary(
        pairs=len(pairs),
        valid=sum(pair.geometry.has_pose for pair in pairs),
        statuses=dict(sorted(Counter(pair.geometry.status.name for pair in pairs).items())),
        keypoints=_quantile([pair.keypoints for pair in pairs], 0.5),
        matches=_quantile([pair.matches for pair in pairs], 0.5),
        inliers=_quantile([pair.inliers for pair in pairs], 0.5),
        parallax=_quantile([pair.geometry.parallax for pair in pairs], 0.5),
        rotation=_median_and_p90([error.rotation for error in errors]),
        direction=_median_and_p90([error.direction for error in errors]),
        auc=pose_auc(known) if known else None,
    )


def _quantile(values: Iterable[float], q: float) -> float:
    numbers = np.asarray(list(values), np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return float(np.quantile(numbers, q)) if len(numbers) else float("nan")


def _median_and_p90(values: list[float]) -> tuple[float, float] | None:
    return (_quantile(values, 0.5), _quantile(values, 0.9)) if np.isfinite(values).any() else None
