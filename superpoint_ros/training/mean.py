"""The mean of the weights of several networks: what a training won, without losing what the network was before.

After Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import Weights
from superpoint_ros.training.run_folder import code_version, write_weights


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


def write_mean(path: Path, several: Sequence[Weights], name: str = "custom", licence: str = "not stated") -> None:
    """Write the weights of ``mean_network``, with what they are the mean of and what those learned from.

    name, licence: of the mean. Raises ConfigError as there, DataError where the disk does not let it.
    """
    about = {"licence": licence, "training": f"mean of {', '.join(one.model for one in several)}", "code": code_version()}
    data = dict.fromkeys(one.metadata["data"] for one in several if "data" in one.metadata)
    if data:
        about["data"] = "; ".join(data)
    write_weights(path, mean_network(several), name, **about)
