"""Joint training of detector and descriptor on pairs of views (paper, sections 3.4 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.training.loop import Batch, LoopConfig, Losses, in_background, train
from superpoint_ros.training.losses import contrastive_loss, detector_loss, sample_descriptors
from superpoint_ros.training.pairs import LabelledImage, PairConfig, PairDataset


@dataclass(frozen=True)
class SuperPointConfig:
    """descriptor_weight: of the descriptor loss beside the mean detector loss of both views."""

    pairs: PairConfig = PairConfig()
    steps: int = 5000
    learning_rate: float = 2e-3
    descriptor_weight: float = 0.5
    temperature: float = 0.06


def superpoint_losses(network: SuperPointNet, batch: Batch, config: SuperPointConfig) -> Losses:
    """Detector and descriptor loss of a batch of ``PairDataset``."""
    images = torch.cat([batch["first_image"], batch["second_image"]]).float() / 255.0
    logits, raw = network(images.contiguous(memory_format=torch.channels_last))
    target = torch.cat([batch["first_target"], batch["second_target"]])
    valid = torch.cat([batch["first_valid"], batch["second_valid"]])
    detector = detector_loss(logits, target, valid)
    first, second = _sampled(raw, batch)
    descriptor = contrastive_loss(first, second, batch["pair_valid"], config.temperature)
    return {
        "loss": detector + config.descriptor_weight * descriptor.loss,
        "detector": detector,
        "descriptor": descriptor.loss,
        "positive_similarity": descriptor.positive_similarity,
        "negative_similarity": descriptor.negative_similarity,
    }


def _sampled(raw: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    first, second = raw.chunk(2)
    return sample_descriptors(first, batch["first_points"]), sample_descriptors(second, batch["second_points"])


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
