"""A small training run on a rendered photo: what tests do in their own process, in one that they kill, and shared by two."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from superpoint_ros.features.network import Architecture, SuperPointNet
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.config import LogConfig, LossConfig, MachineConfig, OptimizerConfig, PairConfig, SuperPointConfig
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, label, shi_tomasi_detector
from superpoint_ros.training.loop import Stage, train
from superpoint_ros.training.pairs import LabelledImage, PairSampler
from superpoint_ros.training.superpoint import superpoint_losses

TINY = Architecture(encoder=(4, 4, 8, 8), head=16, descriptor=8)
STEPS = 40


def settings(
    steps: int = STEPS,
    devices: int = 1,
    batch: int = 4,
    learning_rate: float = 1e-3,
    descriptor_loss: str = "contrastive",
    precision: str = "32-true",
) -> SuperPointConfig:
    # Without validation: users can't ask for double precision, which shows what differs by more than rounding.
    machine = MachineConfig(accelerator="cpu", devices=devices, workers=0).model_copy(update={"precision": precision})
    return SuperPointConfig(
        optimizer=OptimizerConfig(steps=steps, learning_rate=learning_rate),
        log=LogConfig(every=1, validate_every=10, checkpoint_seconds=0.1),
        machine=machine,
        pairs=PairConfig(height=48, width=64, batch=batch, correspondences=40),
        loss=LossConfig(descriptor_loss=descriptor_loss, positives=20, negatives=10),
    )


def stage(config: SuperPointConfig, batch_norm: bool = True) -> Stage:
    torch.manual_seed(0)
    photo = SimulatedSequence(frames=3, seed=1, size=(160, 120)).frame(0).image
    corners = label(shi_tomasi_detector, photo, AdaptationConfig(warps=2))
    sampler = PairSampler([LabelledImage(photo, corners)], config.pairs)
    network = SuperPointNet(TINY, batch_norm=batch_norm)
    return Stage(network, sampler, config.pairs.batch, lambda net, batch: superpoint_losses(net, batch, config.loss))


def numbers(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The simplest of samples."""
    return {"number": rng.random(3)}


def main() -> None:
    """Folder, processes to share the work, whether the network has batch norm (1 or 0), descriptor loss, precision."""
    folder, devices, batch_norm, descriptor_loss, precision = sys.argv[1:]
    torch.set_num_threads(1)
    config = settings(devices=int(devices), descriptor_loss=descriptor_loss, precision=precision)
    train(stage(config, bool(int(batch_norm))), config, Path(folder))


if __name__ == "__main__":
    main()
