"""Repeatability of keypoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from superpoint_ros.evaluation.metrics.common_area import in_image, pairwise_distances, project
from superpoint_ros.evaluation.metrics.repeatability import repeatability
from superpoint_ros.evaluation.presets import Protocol
from superpoint_ros.evaluation.protocols.measure import Marked, ScaledPair, number
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.types import Features, Matches


@dataclass(frozen=True)
class DetectorMeasure:
    """Where the keypoints are; no descriptors needed."""

    protocol: Protocol
    truth: ClassVar[Literal["homography"]] = "homography"
    needs_descriptors: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def metrics(self) -> Iterator[Metric]:
        epsilon = number(self.protocol.epsilon)
        yield Metric("repeatability", f"repeatability ε={epsilon}", "", True, "mean", 0.0)
        yield Metric("localization_error", f"MLE ε={epsilon}", "px", False, "mean", float("nan"))
        yield Metric("keypoints", "keypoints", "per image", None, "mean", 0.0)

    def figures(self, pair: ScaledPair, first: Features, second: Features, matches: Matches, seed: int) -> dict[str, float]:
        assert pair.homography is not None
        found = repeatability(
            first.keypoints, second.keypoints, pair.homography, pair.first_size, pair.second_size, self.protocol.epsilon
        )
        return {
            "repeatability": found.share,
            "localization_error": found.localization_error,
            "keypoints": (len(first) + len(second)) / 2,
        }

    def mark(self, pair: ScaledPair, first: Features, second: Features, matches: Matches) -> Marked:
        """The keypoints of the first image that are found again, with what is nearest to them in the second one."""
        assert pair.homography is not None
        warped = project(pair.homography, first.keypoints)
        seen = in_image(warped, pair.second_size)
        distances = pairwise_distances(warped[seen], second.keypoints)
        nearest = distances.argmin(axis=1)
        again = distances.min(axis=1) <= self.protocol.epsilon
        return Marked(first.keypoints[seen][again], second.keypoints[nearest[again]], np.ones(int(again.sum()), bool))
