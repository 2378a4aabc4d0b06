"""Joint training of detector and descriptor on pairs of views (paper, sections 3.4 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.training.hinge_loss import CellPairs, dense_hinge_loss, sampled_hinge_loss
from superpoint_ros.training.loop import Batch, LoopConfig, Losses, in_background, train
from superpoint_ros.training.losses import DescriptorLoss, contrastive_loss, detector_loss, sample_descriptors
from superpoint_ros.training.pairs import LabelledImage, PairConfig, PairDataset


@dataclass(frozen=True)
class SuperPointConfig:
    """descriptor_weight: of the descriptor loss beside the mean detector loss of both views.

    descriptor_loss: dual softmax over corresponding points at this temperature, or the paper's hinge over all pairs of cells, or
    over so many positives of each pair of views with so many negatives for each.
    """

    pairs: PairConfig = PairConfig()
    steps: int = 5000
    learning_rate: float = 2e-3
    descriptor_loss: Literal["contrastive", "hinge", "sampled_hinge"] = "contrastive"
    descriptor_weight: float = 0.5
    temperature: float = 0.06
    positives: int = 300
    negatives: int = 100


def superpoint_losses(network: SuperPointNet, batch: Batch, config: SuperPointConfig) -> Losses:
    """Detector and descriptor loss of a batch of ``PairDataset``."""
    images = torch.cat([batch["first_image"], batch["second_image"]]).float() / 255.0
    logits, raw = network(images.contiguous(memory_format=torch.channels_last))
    target = torch.cat([batch["first_target"], batch["second_target"]])
    valid = torch.cat([batch["first_valid"], batch["second_valid"]])
    detector = detector_loss(logits, target, valid)
    descriptor = _descriptor_loss(raw, batch, config)
    return {
        "loss": detector + config.descriptor_weight * descriptor.loss,
        "detector": detector,
        "descriptor": descriptor.loss,
        "positive_similarity": descriptor.positive_similarity,
        "negative_similarity": descriptor.negative_similarity,
    }


def _descriptor_loss(raw: Tensor, batch: Batch, config: SuperPointConfig) -> DescriptorLoss:
    first, second = raw.chunk(2)
    if config.descriptor_loss == "contrastive":
        points = (sample_descriptors(first, batch["first_points"]), sample_descriptors(second, batch["second_points"]))
        return contrastive_loss(*points, batch["pair_valid"], config.temperature)
    cells = CellPairs.of(first, second, batch["homography"], batch["first_valid"], batch["second_valid"])
    if config.descriptor_loss == "hinge":
        return dense_hinge_loss(cells)
    return sampled_hinge_loss(cells, config.positives, config.negatives)


def train_superpoint(
    network: SuperPointNet,
    images: Sequence[LabelledImage],
    config: SuperPointConfig,
    folder: Path,
    on_log: Callable[[int, Mapping[str, float]], None] = lambda step, figures: None,
) -> None:
    """Train the network (with batch norm) in place, from its weights or from the checkpoint in ``folder``."""

    def batches(start: int) -> Iterator[Batch]:
        return in_background(PairDataset(images, config.pairs, start))

    def losses(net: SuperPointNet, batch: Batch) -> Losses:
        return superpoint_losses(net, batch, config)

    train(network, batches, losses, folder, LoopConfig(config.steps, config.learning_rate), on_log)
