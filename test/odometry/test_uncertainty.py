"""First-order covariances against samples of the same errors."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from superpoint_ros.odometry.uncertainty import add_step, step_covariance
from superpoint_ros.types import Pose, TwoViewGeometry, TwoViewModel, TwoViewStatus


def exp(vector: object) -> np.ndarray:
    return cv2.Rodrigues(np.asarray(vector, float))[0]


def geometry(covariance: np.ndarray | None) -> TwoViewGeometry:
    return TwoViewGeometry(
        TwoViewStatus.OK, TwoViewModel.ESSENTIAL, "", np.ones(3, bool), np.ones(3, bool), covariance=covariance
    )


def random_covariance(rng: np.random.Generator) -> np.ndarray:
    root = rng.standard_normal((6, 6)) * 1e-3
    return root @ root.T


def test_two_steps_agree_with_samples() -> None:
    rng = np.random.default_rng(0)
    start = Pose(exp([0.3, -0.8, 0.4]), np.array([1.0, 2, 3]))
    steps = [Pose(exp([0.1, 0.2, -0.1]), np.array([1.2, 0, 1.6])), Pose(exp([-0.3, 0.1, 0.2]), np.array([0, 0.5, 0.0]))]
    noise = [random_covariance(rng), random_covariance(rng)]

    def chain(errors: list[np.ndarray]) -> list[Pose]:
        poses = [start]
        for step, e in zip(steps, errors, strict=True):
            length = np.linalg.norm(step.translation)
            poses.append(poses[-1] @ Pose(exp(e[:3]) @ step.rotation, step.translation + length * e[3:]).inverse())
        return poses

    exact = chain([np.zeros(6)] * 2)
    covariance = np.zeros((6, 6))
    for before, after, known in zip(exact, exact[1:], noise, strict=False):
        covariance = add_step(covariance, before, after, step_covariance(before, after, geometry(known), scale_known=True))
    errors = []
    for _ in range(10000):
        end = chain([rng.multivariate_normal(np.zeros(6), known) for known in noise])[-1]
        turn = cv2.Rodrigues(end.rotation @ exact[-1].rotation.T)[0][:, 0]
        errors.append(np.concatenate([end.translation - exact[-1].translation, turn]))
    np.testing.assert_allclose(np.cov(np.array(errors).T), covariance, atol=0.05 * covariance.max())


def test_a_step_of_unknown_length_is_as_uncertain_as_it_is_long() -> None:
    after = Pose(np.eye(3), np.array([0.0, 0.0, 2.0]))
    covariance = step_covariance(Pose(), after, geometry(None), scale_known=False)
    assert np.sqrt(covariance[2, 2]) == pytest.approx(2.0)
    assert covariance.sum() == covariance[2, 2]
    assert step_covariance(Pose(), after, geometry(None), scale_known=True).sum() == 0
