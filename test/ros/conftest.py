"""Nodes inside the test process, for what needs no second process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

# Before any context is made: nothing of these tests leaves the machine.
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"


@pytest.fixture
def make_node() -> Iterator[Callable[..., Node]]:
    """Makes nodes with ``--ros-args`` of their own."""
    context = Context()
    rclpy.init(context=context, domain_id=10 + os.getpid() % 90)
    nodes = []

    def make(*ros_args: str) -> Node:
        node = Node("tested", context=context, cli_args=["--ros-args", *ros_args] if ros_args else [])
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)
