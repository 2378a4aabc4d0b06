"""Joint training of detector and descriptor on pairs of views (paper, sections 3.4 and 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet
from superpoint_ros.training.batches import Batch
from superpoint_ros.training.config import LossConfig, SuperPointConfig
from superpoint_ros.training.hinge_loss import CellPairs, Hinge, dense_hinge_loss, sampled_hinge_loss
from superpoint_ros.training.location_loss import location_loss
from superpoint_ros.training.loop import Losses, Network, OnLog, Stage, train
from superpoint_ros.training.losses import DescriptorLoss, contrastive_loss, detector_loss, sample_descriptors
from superpoint_ros.training.pairs import LabelledImage, PairSampler
from superpoint_ros.training.run_folder import WEIGHTS, checksum, code_version, network_checksum, write_weights
from superpoint_ros.training.sources import Source, licence_counts, licence_summary, write_sources
from superpoint_ros.training.validation import held_out
from superpoint_ros.training.widen import widen


def superpoint_losses(network: Network, batch: Batch, config: LossConfig) -> Losses:
    """Detector, location and descriptor loss of a batch of ``PairSampler``."""
    images = torch.cat([batch["first_image"], batch["second_image"]]).float() / 255.0
    logits, raw = network(images.contiguous(memory_format=torch.channels_last))
    target, valid = (torch.cat([batch[f"first_{what}"], batch[f"second_{what}"]]) for what in ("target", "valid"))
    detector = detector_loss(logits, target, valid)
    descriptor = _descriptor_loss(raw, batch, config)
    distance = location_loss(logits, batch["homography"], valid, config.located)
    loss = detector + config.descriptor_weight * descriptor.loss
    return {
        "loss": loss + config.distance_weight * distance,
        "detector": detector,
        "distance": distance,
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
    sources: Sequence[Source] = (),
    on_log: OnLog = lambda step, figures: None,
) -> Path | None:
    """Train from the weights of this network (with batch norm), or from the checkpoint in ``folder``.

    A network that is narrower than the architecture is widened first.
    name, licence: of the weights, for their file. sources: of the images; a summary goes into that file, the table beside it.
    Returns the file, or None where another process writes it. Raises as ``loop.train``.
    """
    data = {
        "images": len(images),
        "licences": licence_counts(sources),
        "labels": checksum(array for image in images for array in _arrays(image)),
        "start": network_checksum(network),
    }
    torch.manual_seed(config.seed)
    network = widen(network, ARCHITECTURES[config.architecture])
    one_of_each = {image.name: image for image in images}
    names = sorted(one_of_each)
    unseen = [names[n] for n in held_out(len(names), config.log.validation_images)]
    learned = [image for image in images if image.name not in unseen]

    def losses(net: Network, batch: Batch) -> Losses:
        return superpoint_losses(net, batch, config.loss)

    sampler = PairSampler(learned, config.pairs)
    stage = Stage(network, sampler, config.pairs.batch, losses, [one_of_each[name].image for name in unseen], data)
    if not train(stage, config, folder, on_log):
        return None
    training = f"{config.optimizer.steps} batches of {config.pairs.batch} pairs of {len(learned)} images"
    path = folder / WEIGHTS
    about = {"licence": licence, "training": training, "code": code_version()}
    if sources:
        write_sources(folder, sources)
        about["data"] = licence_summary(sources)
    write_weights(path, network, name, **about)
    return path


def _arrays(image: LabelledImage) -> Iterator[NDArray[Any] | np.generic]:
    yield from (image.image, image.points.corners, image.points.confidence, np.float64(image.weight))
