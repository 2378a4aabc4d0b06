"""A wider network that goes on where a narrow one stopped: narrow networks train cheaply, wide ones end better."""

from __future__ import annotations

import torch
from torch import Tensor

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import Architecture, SuperPointNet

_DESCRIPTOR_NOISE = 0.01
"""Standard deviation of the weights of new descriptor channels; at zero, a similarity would have no gradient along them."""


def widen(network: SuperPointNet, architecture: Architecture) -> SuperPointNet:
    """A network (with batch norm) of a wider architecture that starts with what a narrower one has learned.

    The learned filters become the first ones of each layer and ignore the new channels, which start at random; so where both
    architectures have a skip, or neither has, the detector computes what it computed before, and the descriptors nearly so.
    A skip that the wider one lacks is left out: its detector must learn again where in a cell a corner lies.
    After Chen, Goodfellow, Shlens, "Net2Net" (2016), with new random filters in place of copies.

    A network that has this architecture already is returned as it is. Raises ConfigError where a layer would become narrower.
    """
    if network.architecture == architecture:
        return network
    wide = SuperPointNet(architecture, batch_norm=True)
    learned = network.state_dict()
    state = wide.state_dict()
    for name, target in state.items():
        if name in learned:
            state[name] = _embed(learned[name], target, name)
    wide.load_state_dict(state)
    return wide


def _embed(learned: Tensor, target: Tensor, name: str) -> Tensor:
    """The learned values in the first rows (and columns) of the target, whose other columns of these rows become zero."""
    if any(narrow > wide for narrow, wide in zip(learned.shape, target.shape, strict=True)):
        raise ConfigError(f"a network cannot be made narrower: {name} has {tuple(learned.shape)}, wanted {tuple(target.shape)}")
    if learned.dim() == 0:
        return learned.clone()
    result = target.clone()
    rows = learned.shape[0]
    if name == "convDb.weight":
        torch.nn.init.normal_(result[rows:], std=_DESCRIPTOR_NOISE)
    if name == "convDb.bias":
        result[rows:] = 0.0
    if learned.dim() == 1:
        result[:rows] = learned
        return result
    result[:rows] = 0.0
    result[:rows, : learned.shape[1]] = learned
    return result
