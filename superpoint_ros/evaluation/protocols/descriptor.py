"""How well descriptors find what belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from superpoint_ros.evaluation.metrics.average_precision import nearest_neighbour_ap
from superpoint_ros.evaluation.metrics.matching_accuracy import THRESHOLDS, match_errors, matching_accuracy
from superpoint_ros.evaluation.metrics.matching_score import matching_score
from superpoint_ros.evaluation.presets import Protocol
from superpoint_ros.evaluation.protocols.measure import Marked, ScaledPair, number
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.types import Features, Matches

_IN_TABLES = (1.0, 3.0, 5.0, 10.0)
"""Pixels at which the matching accuracy is a column of the tables; the rows have it at all of its thresholds."""


@dataclass(frozen=True)
class DescriptorMeasure:
    """Mutual nearest neighbours, and the ranking of nearest neighbours."""

    protocol: Protocol
    truth: ClassVar[Literal["homography"]] = "homography"
    needs_descriptors: ClassVar[bool] = True
    is_seeded: ClassVar[bool] = False

    def metrics(self) -> Iterator[Metric]:
        for threshold in _IN_TABLES:
            yield Metric(f"mma_{number(threshold)}", f"MMA@{number(threshold)}", "", True, "mean", 0.0)
        epsilon = number(self.protocol.epsilon)
        yield Metric("nn_map", f"NN mAP ε={epsilon}", "", True, "mean", 0.0)
        yield Metric("matching_score", f"matching score ε={epsilon}", "", True, "mean", 0.0)
        yield Metric("matches", "matches", "per pair", None, "mean", 0.0)

    def figures(self, pair: ScaledPair, first: Features, second: Features, matches: Matches, seed: int) -> dict[str, float]:
        assert pair.homography is not None
        truth = (pair.homography, pair.first_size, pair.second_size, self.protocol.epsilon)
        a, b = matches.reference_index, matches.current_index
        errors = match_errors(first.keypoints[a], second.keypoints[b], pair.homography)
        accuracy = zip(THRESHOLDS, matching_accuracy(errors), strict=True)
        return {
            **{f"mma_{number(threshold)}": share for threshold, share in accuracy},
            "nn_map": nearest_neighbour_ap(first.keypoints, second.keypoints, first.descriptors, second.descriptors, *truth),
            "matching_score": matching_score(first.keypoints, second.keypoints, a, b, *truth),
            "matches": float(len(matches)),
        }

    def mark(self, pair: ScaledPair, first: Features, second: Features, matches: Matches) -> Marked:
        assert pair.homography is not None
        a, b = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
        return Marked(a, b, match_errors(a, b, pair.homography) <= self.protocol.epsilon)
