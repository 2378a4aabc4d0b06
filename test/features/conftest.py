"""A network with random weights: small enough that a test takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from superpoint_ros.features.network import Architecture, SuperPointNet
from superpoint_ros.features.weights import save_weights

TINY = Architecture(encoder=(4, 6, 8, 10), head=12, descriptor=16)


def _random_network(architecture: Architecture = TINY, batch_norm: bool = False) -> SuperPointNet:
    torch.manual_seed(0)
    network = SuperPointNet(architecture, batch_norm).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("weight") and parameter.ndim == 4:
                torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    return network


@pytest.fixture(scope="session")
def random_network() -> Callable[..., SuperPointNet]:
    """Random weights whose heads vary over the image: PyTorch's default ones fade with depth."""
    return _random_network


@pytest.fixture(scope="session")
def network() -> SuperPointNet:
    return _random_network()


@pytest.fixture(scope="session")
def weights_file(network: SuperPointNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, network.state_dict(), network.architecture, "tiny", licence="Apache-2.0")
    return path


@pytest.fixture(scope="session")
def texture() -> np.ndarray:
    """(256, 320) uint8: noise at several scales, so that every place looks different."""
    random = np.random.default_rng(1)
    layers = [cv2.resize(random.random((256 // s, 320 // s), np.float32), (320, 256)) for s in (1, 4, 16)]
    return np.rint(255 * sum(layers) / len(layers)).astype(np.uint8)
