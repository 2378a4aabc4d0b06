from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.evaluation.frames import FrameRecord, FrameSummary, counts, stage_figures, stage_rows
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus


def geometry(inliers: int, matches: int, moved: bool) -> TwoViewGeometry:
    mask = np.arange(matches) < inliers
    return TwoViewGeometry(
        status=TwoViewStatus.OK if moved else TwoViewStatus.TOO_FEW_INLIERS,
        model=TwoViewModel.ESSENTIAL,
        reason="",
        homography_inliers=np.zeros(matches, bool),
        essential_inliers=mask,
        T_current_reference=Pose(translation=np.array([1.0, 0.0, 0.0])) if moved else None,
    )


RECORDS = [FrameRecord(0.0, 90), FrameRecord(0.1, 80, geometry(30, 50, True)), FrameRecord(0.2, 70, geometry(5, 40, False))]


def test_the_first_frame_does_not_count_as_a_failure() -> None:
    summary = FrameSummary.of(RECORDS)
    assert (summary.frames, summary.compared, summary.valid, summary.valid_share) == (3, 2, 1, 0.5)
    assert FrameSummary.of(RECORDS[:1]).valid_share == 0.0


def test_counts_of_every_frame() -> None:
    np.testing.assert_equal(counts(RECORDS), {"keypoints": [90, 80, 70], "matches": [np.nan, 50, 40], "inliers": [np.nan, 30, 5]})


def test_times_of_a_stage() -> None:
    figures = stage_figures({"extract": list(range(1, 12)), "nothing": []})
    assert figures == {"extract": {"median": pytest.approx(6), "p90": pytest.approx(10), "max": pytest.approx(11)}}
    assert stage_rows({"extract": [1.0, 2.0, 3.0]}) == [("extract", "2.00 ms", "2.80 ms", "3.00 ms")]
