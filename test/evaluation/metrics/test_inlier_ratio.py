from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.evaluation.metrics.inlier_ratio import inlier_ratio


def test_share_of_matches_that_are_kept() -> None:
    assert inlier_ratio(np.array([True, False, True, True])) == pytest.approx(0.75)
    assert inlier_ratio(np.empty(0, bool)) == 0.0
