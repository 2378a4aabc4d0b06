"""Joint training of detector and descriptor on pairs of views (paper, sections 3.4 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import save_weights
from superpoint_ros.training.batches import Batch
from superpoint_ros.training.config import LossConfig, SuperPointConfig
from superpoint_ros.training.hinge_loss import CellPairs, Hinge, dense_hinge_loss, sampled_hinge_loss
from superpoint_ros.training.loop import Losses, Network, OnLog, Stage, train
from superpoint_ros.training.losses import DescriptorLoss, contrastive_loss, detector_loss, sample_descriptors
from superpoint_ros.training.pairs import LabelledImage, PairSampler
from superpoint_ros.training.run_folder import WEIGHTS
from superpoint_ros.training.validation import held_out


def superpoint_losses(network: Network, batch: Batch, config: LossConfig) -> Losses:
    """Detector and descriptor loss of a batch of ``PairSampler``."""
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


def _descriptor_loss(raw: Tensor, batch: Batch, config: LossConfig) -> DescriptorLoss:
    first, second = raw.chunk(2)
    if config.descriptor_loss == "contrastive":
        points = (sample_descriptors(first, batch["first_points"]), sample_descriptors(second, batch["second_points"]))
        return contrastive_loss(*points, batch["pair_valid"], config.temperature)
    cells = CellPairs.of(first, second, batch["homography"], batch["first_valid"], batch["second_valid"])
    hinge = Hinge(config.positive_margin, config.negative_margin, config.positive_weight)
    if config.descriptor_loss == "hinge":
        return dense_hinge_loss(cells, hinge)
    return sampled_hinge_loss(cells, config.positives, config.negatives, hinge)


def train_superpoint(
    network: SuperPointNet,
    images: Sequence[LabelledImage],
    config: SuperPointConfig,
    folder: Path,
    name: str = "custom",
    licence: str = "not stated",
    on_log: OnLog = lambda step, figures: None,
) -> Path | None:
    """Train the network (with batch norm) in place, from its weights or from the checkpoint in ``folder``.

    name, licence: of the weights, for their file. Returns that file, or None where another process writes it.
    Raises as ``loop.train``.
    """
    unseen = held_out(len(images), config.log.validation_images)
    learned = [image for n, image in enumerate(images) if n not in unseen]

    def losses(net: Network, batch: Batch) -> Losses:
        return superpoint_losses(net, batch, config.loss)

    sampler = PairSampler(learned, config.pairs)
    stage = Stage(network, sampler, config.pairs.batch, losses, [images[n].image for n in unseen])
    if not train(stage, config, folder, on_log):
        return None
    training = f"{config.optimizer.steps} batches of {config.pairs.batch} pairs of {len(learned)} images"
    path = folder / WEIGHTS
    save_weights(path, network.state_dict(), network.architecture, name, licence=licence, training=training)
    return path
