"""Where the camera is on the robot. Without tf2_ros, which no wheel offers; with it, tf answers first."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from rclpy.node import Node

from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.ros.transforms import OPTICAL_TO_BODY, Transforms

MakeNode = Callable[..., Node]


def test_a_camera_that_looks_ahead_is_assumed_and_said(make_node: MakeNode) -> None:
    said: list[str] = []
    pose = Transforms(make_node(), False, said.append).base_from_camera("base_link", "camera")
    # z of the camera is x of the robot, its x is -y, its y is -z.
    np.testing.assert_array_equal(pose.rotation @ [1.0, 2.0, 3.0], [3.0, -1.0, -2.0])
    assert pose == OPTICAL_TO_BODY
    assert len(said) == 1
    assert "no transform base_link <- camera" in said[0]


def test_a_camera_that_is_the_robot_needs_no_transform(make_node: MakeNode) -> None:
    said: list[str] = []
    pose = Transforms(make_node(), False, said.append).base_from_camera("camera", "camera")
    np.testing.assert_array_equal(pose.matrix, np.eye(4))
    assert not said


@pytest.mark.skipif(find_spec("tf2_ros") is not None, reason="tf2_ros is installed here")
def test_a_broadcast_without_tf2_says_where_to_get_it(make_node: MakeNode) -> None:
    with pytest.raises(MissingDependencyError, match="publish_tf needs tf2_ros"):
        Transforms(make_node(), True, print)
