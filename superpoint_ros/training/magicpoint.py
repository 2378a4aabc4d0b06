"""MagicPoint: the detector alone, on synthetic shapes (paper, section 4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet
from superpoint_ros.simulation.augmentation import augment
from superpoint_ros.simulation.synthetic_shapes import render
from superpoint_ros.training.batches import Batch, Sample
from superpoint_ros.training.config import MagicPointConfig, ShapesConfig
from superpoint_ros.training.labels import InterestPoints, detector_target
from superpoint_ros.training.loop import Losses, Network, OnLog, Stage, train
from superpoint_ros.training.losses import detector_loss
from superpoint_ros.training.run_folder import WEIGHTS, code_version, network_checksum, write_weights
from superpoint_ros.training.widen import widen

_DESCRIPTOR_LAYERS = ("convDa", "convDb", "bn_convDa")
_VALIDATION_SIZE = (240, 320)


class ShapeSampler:
    """Makes images of shapes: {image: (1, H, W) uint8, target: (H, W) float32}."""

    def __init__(self, config: ShapesConfig) -> None:
        self.config = config

    def __call__(self, rng: np.random.Generator) -> Sample:
        height, width = self.config.height, self.config.width
        shapes = render(rng, height, width)
        image = augment(rng, shapes.image, strength=rng.choice(self.config.strengths))
        certain = np.ones(len(shapes.corners), np.float32)
        return {"image": image[None], "target": detector_target(InterestPoints(shapes.corners, certain), height, width)}


def magicpoint_losses(network: Network, batch: Batch) -> Losses:
    """Detector loss of a batch of ``ShapeSampler``."""
    image = (batch["image"].float() / 255.0).contiguous(memory_format=torch.channels_last)
    logits, _ = network(image)
    return {"loss": detector_loss(logits, batch["target"])}


def train_magicpoint(
    config: MagicPointConfig,
    folder: Path,
    start: SuperPointNet | None = None,
    on_log: OnLog = lambda step, figures: None,
) -> Path | None:
    """Train from scratch, from a network (with batch norm), or from the checkpoint in ``folder``.

    A network that is narrower than the architecture is widened first. The descriptor head stays as it was drawn.
    Returns the weights file, or None where another process writes it. Raises as ``loop.train``.
    """
    torch.manual_seed(config.seed)
    data = {"start": network_checksum(start)} if start else {}
    architecture = ARCHITECTURES[config.architecture]
    network = widen(start, architecture) if start else SuperPointNet(architecture, batch_norm=True)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not name.startswith(_DESCRIPTOR_LAYERS))
    # Never drawn in training, whose seeds have a fourth word.
    unseen = [
        render(np.random.default_rng([config.seed, n]), *_VALIDATION_SIZE).image for n in range(config.log.validation_images)
    ]
    stage = Stage(network, ShapeSampler(config.shapes), config.shapes.batch, magicpoint_losses, unseen, data)
    if not train(stage, config, folder, on_log):
        return None
    training = f"detector only, {config.optimizer.steps} batches of {config.shapes.batch} rendered shapes"
    path = folder / WEIGHTS
    write_weights(path, network, "magicpoint", training=training, code=code_version())
    return path
