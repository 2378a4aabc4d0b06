import numpy as np
import pytest

from superpoint_ros.config import KeyframeConfig
from superpoint_ros.matching.keyframes import KeyframePolicy
from superpoint_ros.types import TwoViewGeometry, TwoViewModel, TwoViewStatus


def geometry(status: TwoViewStatus = TwoViewStatus.OK, inliers: int = 100, parallax: float = 0.5) -> TwoViewGeometry:
    flags = np.arange(200) < inliers
    return TwoViewGeometry(status, TwoViewModel.ESSENTIAL, "", flags, flags, parallax=parallax)


CONFIG = KeyframeConfig(parallax=2.0, max_motion=0.1, min_shared=0.5)


@pytest.mark.parametrize(
    ("seen", "motion", "expected"),
    [
        (geometry(), 0.05, False),
        (geometry(parallax=2.1), 0.05, True),
        (geometry(TwoViewStatus.AMBIGUOUS_PLANE, parallax=2.1), 0.05, True),
        (geometry(TwoViewStatus.PURE_ROTATION, parallax=2.1), 0.05, False),
        (geometry(), 0.11, True),
        (geometry(TwoViewStatus.NO_CAMERA, parallax=float("nan")), 0.11, True),
        (geometry(TwoViewStatus.NO_CAMERA, parallax=float("nan")), 0.05, False),
        (geometry(TwoViewStatus.NO_MOTION, parallax=3.0), 0.0, False),
        (geometry(TwoViewStatus.TOO_FEW_INLIERS, inliers=0), 0.0, True),
        (geometry(TwoViewStatus.ESTIMATION_FAILED, inliers=0), 0.0, True),
    ],
)
def test_decision(seen: TwoViewGeometry, motion: float, expected: bool) -> None:
    assert KeyframePolicy(CONFIG).update(seen, motion) is expected


def test_a_reference_going_out_of_view_is_replaced() -> None:
    policy = KeyframePolicy(CONFIG)
    assert not policy.update(geometry(inliers=150), 0.01)
    assert not policy.update(geometry(inliers=80), 0.01)
    assert policy.update(geometry(inliers=70), 0.01)
    # The next reference sets its own standard.
    assert not policy.update(geometry(inliers=60), 0.01)


def test_every_frame() -> None:
    policy = KeyframePolicy(KeyframeConfig(policy="every_frame"))
    assert policy.update(geometry(TwoViewStatus.NO_MOTION), 0.0)
