"""Fixtures of the integration tests: a probe, node processes, weights without training."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from processes import NodeProcess, Probe

from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet
from superpoint_ros.features.weights import save_weights

# Before any context is made: nothing of these tests leaves the machine.
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

StartNode = Callable[..., NodeProcess]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the small network: keypoints everywhere, which is enough where their quality does not matter."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_weights(path, SuperPointNet(ARCHITECTURES["small"]).state_dict(), ARCHITECTURES["small"], "random")
    return path


@pytest.fixture
def probe() -> Iterator[Probe]:
    probe = Probe()
    yield probe
    probe.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartNode]:
    """Starts node processes and ends what a test left running."""
    started: list[NodeProcess] = []

    def start_node(executable: str, *ros_args: str) -> NodeProcess:
        node = NodeProcess(executable, tmp_path / f"{executable}-{len(started)}.log", *ros_args)
        started.append(node)
        return node

    yield start_node
    for node in started:
        node.stop()
        print(f"--- {node.name} said:\n{node.log}")  # pytest shows it where the test failed
