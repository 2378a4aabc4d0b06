"""The SuperPoint network: a shared VGG encoder with a detector head and a descriptor head.

DeTone, Malisiewicz, Rabinovich, "SuperPoint: Self-Supervised Interest Point Detection and Description", section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from superpoint_ros.features.heads import DUSTBIN as DUSTBIN
from superpoint_ros.features.image import CELL as CELL


@dataclass(frozen=True)
class Architecture:
    """Widths of the network.

    encoder: channels at full, 1/2, 1/4 and 1/8 resolution, two convolutions each.
    head: channels of the hidden layer of both heads. descriptor: length of a descriptor.
    skip: whether the detector head also gets the features at full resolution, each cell through one convolution. Meant
        for narrow encoders, whose few channels must carry where in its cell a corner lies through three poolings.
    """

    encoder: tuple[int, int, int, int]
    head: int
    descriptor: int
    skip: bool = False


ARCHITECTURES: Mapping[str, Architecture] = {
    "small": Architecture(encoder=(8, 16, 32, 64), head=128, descriptor=128, skip=True),
    "full": Architecture(encoder=(64, 64, 128, 128), head=256, descriptor=256),
}
"""``full`` is the network of the paper. ``small`` doubles its channels as it halves the resolution, for 1/20 of the cost."""

HIDDEN_LAYERS = ("conv1a", "conv1b", "conv2a", "conv2b", "conv3a", "conv3b", "conv4a", "conv4b", "convPa", "convDa", "convSa")
"""Layers followed by a rectifier (and in training by batch norm), named as in the weights that people have on disk.

``convSa`` exists only in networks with a skip.
"""


class SuperPointNet(nn.Module):
    """Dense heads of SuperPoint for grey images whose sides are multiples of 8.

    With ``batch_norm`` each hidden convolution is followed by a normalization named ``bn_<layer>`` for training;
    ``fold_batch_norm`` turns such weights into those of the plain network.
    """

    def __init__(self, architecture: Architecture, batch_norm: bool = False) -> None:
        super().__init__()
        self.architecture = architecture
        c1, c2, c3, c4 = architecture.encoder
        head = architecture.head
        widths = [(1, c1), (c1, c1), (c1, c2), (c2, c2), (c2, c3), (c3, c3), (c3, c4), (c4, c4), (c4, head), (c4, head)]
        for name, (inputs, outputs) in zip(HIDDEN_LAYERS, widths, strict=False):
            self.add_module(name, nn.Conv2d(inputs, outputs, 3, padding=1))
            self.add_module(f"bn_{name}", nn.BatchNorm2d(outputs) if batch_norm else nn.Identity())
        if architecture.skip:
            self.convSa = nn.Conv2d(c1, c4, CELL, stride=CELL)
            self.bn_convSa = nn.BatchNorm2d(c4) if batch_norm else nn.Identity()
        self.convPb = nn.Conv2d(head, DUSTBIN + 1, 1)
        self.convDb = nn.Conv2d(head, architecture.descriptor, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, H, W) float in [0, 1] → detector logits (B, 65, H/8, W/8), raw descriptors (B, D, H/8, W/8).

        Descriptors are normalized where they are used: after sampling, or before the loss.
        """
        fine = self._hidden("conv1b", self._hidden("conv1a", image))
        x = F.max_pool2d(fine, 2)
        for first, second in (("conv2a", "conv2b"), ("conv3a", "conv3b")):
            x = F.max_pool2d(self._hidden(second, self._hidden(first, x)), 2)
        x = self._hidden("conv4b", self._hidden("conv4a", x))
        located = x + self._cells(fine) if self.architecture.skip else x
        return self.convPb(self._hidden("convPa", located)), self.convDb(self._hidden("convDa", x))

    def _cells(self, fine: Tensor) -> Tensor:
        """Features at full resolution → features of cells.

        The convolution of each cell, written as a product: oneDNN's own, in bfloat16 on CPUs with AMX, returns wrong numbers.
        """
        weight = self.convSa.weight.flatten(1)[:, :, None, None]
        cells = F.conv2d(F.pixel_unshuffle(fine, CELL), weight, self.convSa.bias)
        return F.relu(self.bn_convSa(cells), inplace=True)

    def _hidden(self, name: str, x: Tensor) -> Tensor:
        # In place: fresh memory for such an output costs a CPU more time than the rectifier.
        return F.relu(self.get_submodule(f"bn_{name}")(self.get_submodule(name)(x)), inplace=True)


def heatmap(logits: Tensor) -> Tensor:
    """Detector logits (B, 65, H/8, W/8) → probability of an interest point (B, H, W).

    Softmax over the 65 channels, drop the dustbin, unfold each cell (paper, section 3.2).
    """
    return F.pixel_shuffle(torch.softmax(logits, dim=1)[:, :DUSTBIN], CELL)[:, 0]


def fold_batch_norm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a network trained with batch norm → the same function without it. Plain weights come back unchanged."""
    folded = {name: tensor for name, tensor in weights.items() if not name.startswith("bn_")}
    eps = nn.BatchNorm2d(1).eps
    for name in HIDDEN_LAYERS:
        if f"bn_{name}.weight" not in weights:
            continue
        gamma, beta, mean, variance = (weights[f"bn_{name}.{k}"] for k in ("weight", "bias", "running_mean", "running_var"))
        scale = gamma / torch.sqrt(variance + eps)
        folded[f"{name}.weight"] = weights[f"{name}.weight"] * scale[:, None, None, None]
        folded[f"{name}.bias"] = (weights[f"{name}.bias"] - mean) * scale + beta
    return folded
