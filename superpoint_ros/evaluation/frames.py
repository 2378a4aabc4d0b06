"""What became of every frame of a sequence, keyframe or not, and how long each stage took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from superpoint_ros.evaluation.tables import Row, figure
from superpoint_ros.types import TwoViewGeometry


@dataclass(frozen=True)
class FrameRecord:
    """One image. stamp: seconds. geometry: the motion from the image that it was compared with; the first one has none."""

    stamp: float
    keypoints: int
    geometry: TwoViewGeometry | None = None

    @property
    def matches(self) -> float:
        """Keypoints that were matched; NaN where there was nothing to compare with."""
        return float(len(self.geometry.inliers)) if self.geometry else float("nan")

    @property
    def inliers(self) -> float:
        """Matches that agree with the geometry; NaN as above."""
        return float(self.geometry.inliers.sum()) if self.geometry else float("nan")


@dataclass(frozen=True)
class FrameSummary:
    """Counts of frames. compared: with another one. valid: those of them with rotation and translation direction."""

    frames: int
    compared: int
    valid: int

    @staticmethod
    def of(records: Sequence[FrameRecord]) -> FrameSummary:
        """From every frame."""
        compared = [record.geometry for record in records if record.geometry is not None]
        return FrameSummary(len(records), len(compared), sum(geometry.has_pose for geometry in compared))

    @property
    def valid_share(self) -> float:
        """Share of the compared frames with a valid geometry, in [0, 1]; 0 without any."""
        return self.valid / self.compared if self.compared else 0.0

    def figures(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "valid_share": self.valid_share}


def counts(records: Sequence[FrameRecord]) -> dict[str, list[float]]:
    """Keypoints, matches and inliers of each frame, for a plot over time."""
    return {name: [float(getattr(record, name)) for record in records] for name in ("keypoints", "matches", "inliers")}


QUANTILES = {"median": 0.5, "p90": 0.9, "max": 1.0}


def stage_figures(stages: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Median, 90th percentile and maximum of the milliseconds of each stage."""
    known = {stage: values for stage, values in stages.items() if values}
    return {stage: {name: float(np.quantile(ms, q)) for name, q in QUANTILES.items()} for stage, ms in known.items()}


def stage_rows(stages: Mapping[str, Sequence[float]]) -> list[Row]:
    """The same for tables."""
    return [(stage, *(f"{figure(value)} ms" for value in figures.values())) for stage, figures in stage_figures(stages).items()]
