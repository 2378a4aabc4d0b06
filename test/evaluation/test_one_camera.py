from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.evaluation.one_camera import in_one_camera
from superpoint_ros.types import Camera


def test_rays_stay_what_they_are_and_matches_without_one_are_left_out() -> None:
    pinhole = Camera(640, 480, 500.0, 520.0, 310.0, 250.0)
    # So much barrel distortion that no ray leads to its corner.
    bent = Camera(800, 600, 400.0, 380.0, 400.0, 300.0, "plumb_bob", (-0.6, 0.0, 0.0, 0.0))
    a = np.array([[310.0, 250.0], [560.0, 250.0], [100.0, 100.0]])
    b = np.array([[400.0, 300.0], [400.0, 300.0], [0.0, 0.0]])
    seen = in_one_camera(a, b, pinhole, bent)
    assert seen.usable.tolist() == [True, True, False]
    assert seen.camera.fx == seen.camera.fy == pytest.approx((500 + 520 + 400 + 380) / 4)
    assert seen.first / seen.camera.fx == pytest.approx(np.array([[0.0, 0.0], [0.5, 0.0]]))
    assert seen.second == pytest.approx(np.zeros((2, 2)), abs=1e-9)
    assert (seen.camera.width, seen.camera.height) == (800, 600)
