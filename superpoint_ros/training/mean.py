"""The mean of the weights of several networks: what a training won, without losing what the network was before.

After Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import Weights


def mean_network(several: Sequence[Weights]) -> SuperPointNet:
    """A network (without batch norm) with the mean of these weights, of which one must have been trained from the other.

    Weights that were trained apart have their filters in another order, and their mean knows nothing.
    Raises ConfigError where the architectures differ.
    """
    first, *others = several
    for other in others:
        if other.architecture != first.architecture:
            raise ConfigError(f"{first.model} and {other.model} have no mean: their networks differ")
    network = SuperPointNet(first.architecture)
    network.load_state_dict({name: torch.stack([one.tensors[name] for one in several]).mean(dim=0) for name in first.tensors})
    return network
