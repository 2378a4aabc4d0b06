"""The mean of weights before and after a training."""

from dataclasses import replace

import pytest
import torch

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import Architecture, SuperPointNet
from superpoint_ros.features.weights import load_weights, save_weights
from superpoint_ros.training.mean import mean_network

TINY = Architecture(encoder=(4, 8, 8, 16), head=16, descriptor=8)


def weights(folder, seed, architecture=TINY):
    torch.manual_seed(seed)
    network = SuperPointNet(architecture)
    return save_weights(folder / f"{seed}.safetensors", network.state_dict(), architecture, f"w{seed}")


def test_every_weight_is_the_mean_of_its_like(tmp_path):
    one, two, three = (weights(tmp_path, seed) for seed in range(3))
    state = mean_network([one, two, three]).state_dict()
    assert state.keys() == one.tensors.keys()
    for name, tensor in state.items():
        torch.testing.assert_close(tensor, (one.tensors[name] + two.tensors[name] + three.tensors[name]) / 3)


def test_the_mean_of_equal_weights_is_themselves(tmp_path):
    one = weights(tmp_path, 0)
    mean = save_weights(tmp_path / "mean.safetensors", mean_network([one, one]).state_dict(), TINY, "mean")
    assert load_weights(tmp_path / "mean.safetensors").checksum == mean.checksum == one.checksum


def test_other_architectures_are_refused_by_name(tmp_path):
    one, wide = weights(tmp_path, 0), weights(tmp_path, 1, replace(TINY, descriptor=16))
    with pytest.raises(ConfigError, match=f"{one.model} and {wide.model} have no mean"):
        mean_network([one, wide])
