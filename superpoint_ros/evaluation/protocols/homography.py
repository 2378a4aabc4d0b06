"""How exact a homography estimated from the matches is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from superpoint_ros.evaluation.metrics.corner_error import corner_error
from superpoint_ros.evaluation.metrics.inlier_ratio import inlier_ratio
from superpoint_ros.evaluation.metrics.matching_accuracy import match_errors
from superpoint_ros.evaluation.presets import Protocol
from superpoint_ros.evaluation.protocols.measure import Marked, ScaledPair, number, suffix
from superpoint_ros.evaluation.result import Metric
from superpoint_ros.matching.residuals import transfer_errors
from superpoint_ros.matching.robust import find_homography
from superpoint_ros.types import Features, Matches


@dataclass(frozen=True)
class HomographyMeasure:
    """Robust estimation from mutual nearest neighbours, and the error of the corners."""

    protocol: Protocol
    truth: ClassVar[Literal["homography"]] = "homography"
    needs_descriptors: ClassVar[bool] = True
    is_seeded: ClassVar[bool] = True

    def metrics(self) -> Iterator[Metric]:
        for estimator in self.protocol.estimators:
            name, label = suffix(estimator, self.protocol.estimators)
            error = f"corner_error{name}"
            for t in self.protocol.thresholds:
                correct = f"correct ε={number(t)}{label}"
                yield Metric(f"homography_{number(t)}{name}", correct, "", True, "share", float("inf"), error, t)
            for t in self.protocol.thresholds:
                area = f"AUC@{number(t)} px{label}"
                yield Metric(f"homography_auc_{number(t)}{name}", area, "", True, "auc", float("inf"), error, t)
            yield Metric(f"inlier_ratio{name}", f"inlier ratio{label}", "", True, "mean", 0.0)

    def figures(self, pair: ScaledPair, first: Features, second: Features, matches: Matches, seed: int) -> dict[str, float]:
        assert pair.homography is not None
        a = first.keypoints[matches.reference_index].astype(np.float64)
        b = second.keypoints[matches.current_index].astype(np.float64)
        figures = {"matches": float(len(matches))}
        for estimator in self.protocol.estimators:
            name, _ = suffix(estimator, self.protocol.estimators)
            found = find_homography(a, b, self.protocol.geometry(estimator, seed))
            inliers = np.zeros(len(a), bool) if found is None else transfer_errors(found, a, b) <= self.protocol.max_error**2
            figures[f"corner_error{name}"] = corner_error(found, pair.homography, pair.first_size)
            figures[f"inlier_ratio{name}"] = inlier_ratio(inliers)
        return figures

    def mark(self, pair: ScaledPair, first: Features, second: Features, matches: Matches) -> Marked:
        assert pair.homography is not None
        a, b = first.keypoints[matches.reference_index], second.keypoints[matches.current_index]
        return Marked(a, b, match_errors(a, b, pair.homography) <= self.protocol.max_error)
