"""What training starts from: the network of a run, or weights, whose batch norm has to be found again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import load_weights
from superpoint_ros.training.batches import BatchStream
from superpoint_ros.training.checkpoint import load_network
from superpoint_ros.training.config import PairConfig
from superpoint_ros.training.pairs import LabelledImage, PairSampler

_VIEWS = 16


def start_network(start: str, images: Sequence[LabelledImage]) -> SuperPointNet:
    """The network (with batch norm) of a run folder, of a model of this package or of a weights file.

    images: what it is to learn from. Raises DataError, WeightsError.
    """
    if Path(start).is_dir():
        return load_network(Path(start))
    weights = load_weights(weights_path(start))
    plain = SuperPointNet(weights.architecture)
    plain.load_state_dict(weights.tensors)
    views = next(iter(BatchStream(PairSampler(images, PairConfig()), _VIEWS, seed=0)))["first_image"]
    return unfold_batch_norm(plain, views.float() / 255.0)


@torch.no_grad()
def unfold_batch_norm(plain: SuperPointNet, images: Tensor) -> SuperPointNet:
    """The same function with batch norm: each layer's has the mean and variance of these images (B, 1, H, W), and undoes both.

    So training, which normalizes by the statistics of its batches, starts with nearly that function.
    """
    network = SuperPointNet(plain.architecture, batch_norm=True).eval()
    network.load_state_dict(plain.state_dict(), strict=False)

    def undo(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean)

    hooks = [m.register_forward_pre_hook(undo) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    network(images)
    for hook in hooks:
        hook.remove()
    return network
