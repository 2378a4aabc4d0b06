from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from superpoint_ros.evaluation.result import Metric, ResultRow, Run

METRICS = (
    Metric("repeatability", "repeatability ε=3", "", True, "mean", 0.0),
    Metric("localization_error", "MLE ε=3", "px", False, "mean", float("nan")),
    *(Metric(f"mma_{t}", f"MMA {t} px", "", True, "mean", 0.0) for t in (1, 3, 5)),
    Metric("homography_3", "homography ε=3", "", True, "share", float("inf"), "corner_error", 3.0),
    Metric("homography_auc_5", "AUC 5 px", "", True, "auc", float("inf"), "corner_error", 5.0),
)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """A run on ten pairs in two groups whose figures are drawn; one pair of ``orb`` fails. better: added to all qualities."""

    def make(
        features: tuple[str, ...] = ("small:1a2b3c4d", "orb"), seeds: int = 2, better: float = 0.0, **settings: object
    ) -> Run:
        rows = []
        for rank, name in enumerate(features):
            drawn, hard = np.random.default_rng(rank), np.random.default_rng(100)
            for number in range(10):
                group, difficulty = ("graf", "boat")[number % 2], float(hard.uniform(0, 0.5))
                for seed in range(seeds):
                    if name == "orb" and number == 9:
                        rows.append(
                            ResultRow(
                                name, f"{group}/{number}", group, seed, "boat/img6.pgm has no keypoints, it is black", {}, group
                            )
                        )
                        continue
                    quality = float(np.clip(0.8 - difficulty - 0.2 * rank + drawn.normal(0, 0.03) + better, 0, 1))
                    figures = {"repeatability": quality, "localization_error": 2.0 - quality, "corner_error": 6.0 - 5.0 * quality}
                    figures |= {f"mma_{t}": quality * (1.0 - float(np.exp(-t))) for t in range(1, 11)}
                    rows.append(ResultRow(name, f"{group}/{number}", group, seed, "", figures, group))
        recorded = {
            "data": "pairs",
            "resolution": [480, 640],
            "max_keypoints": 1000,
            "epsilon": 3.0,
            "command": "superpoint-ros evaluate …",
        }
        return Run("hpatches-1000 homography", {**recorded, **settings}, tuple(rows), METRICS)

    return make
