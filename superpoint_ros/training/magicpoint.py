"""MagicPoint: the detector alone, on synthetic shapes (paper, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet
from superpoint_ros.simulation.augmentation import augment
from superpoint_ros.simulation.synthetic_shapes import render
from superpoint_ros.training.labels import detector_target
from superpoint_ros.training.loop import Batch, LoopConfig, Losses, in_background, train
from superpoint_ros.training.losses import detector_loss


@dataclass(frozen=True)
class MagicPointConfig:
    """height, width: of the rendered images. steps of ``batch`` images each."""

    architecture: str = "small"
    height: int = 120
    width: int = 160
    batch: int = 32
    steps: int = 6000
    learning_rate: float = 3e-3
    seed: int = 0


class ShapesDataset(IterableDataset[Batch]):
    """An endless stream of batches; batch number n depends on the seed and n alone."""

    def __init__(self, config: MagicPointConfig, start: int) -> None:
        self.config, self.start = config, start

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        step = self.start
        while True:
            yield self._batch(np.random.default_rng([self.config.seed, step]))
            step += 1

    def _batch(self, rng: np.random.Generator) -> Batch:
        height, width = self.config.height, self.config.width
        images = np.empty((self.config.batch, 1, height, width), np.uint8)
        targets = np.empty((self.config.batch, height // 8, width // 8), np.int64)
        for n in range(self.config.batch):
            shapes = render(rng, height, width)
            images[n, 0] = augment(rng, shapes.image, strength=rng.choice([0.0, 0.5, 1.0]))
            targets[n] = detector_target(rng.permutation(shapes.corners), height, width)
        return {"image": torch.from_numpy(images), "target": torch.from_numpy(targets)}


def magicpoint_losses(network: SuperPointNet, batch: Batch) -> Losses:
    """Detector loss of a batch of {image: (B, 1, H, W) uint8, target: (B, H/8, W/8)}."""
    image = (batch["image"].float() / 255.0).contiguous(memory_format=torch.channels_last)
    logits, _ = network(image)
    return {"loss": detector_loss(logits, batch["target"])}


def train_magicpoint(
    config: MagicPointConfig, folder: Path, on_log: Callable[[int, Mapping[str, float]], None] = lambda step, figures: None
) -> SuperPointNet:
    """Train from scratch or from the checkpoint in ``folder``; returns the network with batch norm.

    Raises ConfigError for an unknown architecture.
    """
    if config.architecture not in ARCHITECTURES:
        raise ConfigError(f"there is no architecture {config.architecture!r}: choose from {', '.join(ARCHITECTURES)}")
    torch.manual_seed(config.seed)
    network = SuperPointNet(ARCHITECTURES[config.architecture], batch_norm=True)

    def batches(start: int) -> Iterator[Batch]:
        return in_background(ShapesDataset(config, start))

    train(network, batches, magicpoint_losses, folder, LoopConfig(config.steps, config.learning_rate), on_log)
    return network
