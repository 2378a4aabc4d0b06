"""Every number of a training run: names, defaults, ranges and help. The defaults are the recipe of the small network.

``config/training`` has one YAML file for each network and stage; a file of one's own needs only what differs from the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field

from superpoint_ros.config import Section, parse_section
from superpoint_ros.errors import ConfigError
from superpoint_ros.simulation.homography import HomographyRange

Strengths = tuple[float, ...]
"""Strengths of the photometric augmentation, 0 to 1; each image gets one of them at random."""


def _multiple_of_8(default: int, description: str) -> Any:
    return Field(default, ge=32, le=4096, multiple_of=8, description=description)


class ShapesConfig(Section):
    """The images of rendered shapes."""

    height: int = _multiple_of_8(120, "of the images, in pixels")
    width: int = _multiple_of_8(160, "of the images, in pixels")
    batch: int = Field(32, ge=1, le=65536, description="images in a batch, over all devices")
    strengths: Strengths = Field((0.0, 0.5, 1.0), min_length=1, description="of the change of light, blur and noise")


class PairConfig(Section):
    """Pairs of views of a photo."""

    height: int = _multiple_of_8(192, "of both views, in pixels")
    width: int = _multiple_of_8(256, "of both views, in pixels")
    batch: int = Field(8, ge=1, le=65536, description="pairs in a batch, over all devices")
    correspondences: int = Field(300, ge=2, le=10000, description="corresponding points of a pair")
    min_zoom: float = Field(0.6, gt=0.0, le=16.0, description="least pixels of the photo per pixel of the first view")
    max_zoom: float = Field(1.6, gt=0.0, le=16.0, description="most pixels of the photo per pixel of the first view")
    upright: float = Field(
        0.7,
        ge=0.0,
        le=1.0,
        description="share of first views turned by less than 15 degrees; others by any angle",
    )
    strengths: Strengths = Field((0.3, 0.7, 1.0), min_length=1, description="of the change of light, blur and noise")
    degraded: float = Field(0.4, ge=0.0, le=1.0, description="share of views with strong noise, blur or compression")
    motion: HomographyRange = Field(
        HomographyRange(rotation=45.0, scale=2.6, perspective=0.2, translation=0.15, stretch=2.5),
        description="from the first view to the second",
    )


class OptimizerConfig(Section):
    """AdamW with a one-cycle learning rate: up along a cosine in the warm-up, then down."""

    steps: int = Field(6000, ge=1, description="batches in all")
    learning_rate: float = Field(3e-3, gt=0.0, le=1.0, description="the largest of the schedule")
    weight_decay: float = Field(1e-4, ge=0.0, le=1.0, description="of AdamW")
    warm_up: float = Field(0.08, gt=0.0, lt=1.0, description="share of the steps in which the learning rate rises")
    first_share: float = Field(0.05, gt=0.0, le=1.0, description="learning rate of the first step, as a share of the largest")
    last_share: float = Field(0.001, gt=0.0, le=1.0, description="learning rate of the last step, as a share of the largest")
    max_gradient: float = Field(5.0, gt=0.0, description="gradients of a larger norm are scaled down to it")


class LogConfig(Section):
    """What is written while a run goes on."""

    every: int = Field(50, ge=1, description="steps from one row of log.csv to the next")
    validate_every: int = Field(500, ge=1, description="at least so many steps from one measurement of repeatability to the next")
    validation_images: int = Field(8, ge=0, le=1000, description="images held out of training to measure it on; 0: never")
    checkpoint_seconds: float = Field(120.0, ge=0.0, description="at least so long from one checkpoint to the next")


class MachineConfig(Section):
    """What the run uses; may change when an interrupted run goes on."""

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="auto: a GPU where there is one")
    devices: int = Field(1, ge=1, le=1024, description="GPUs, or processes on the CPU, of each machine")
    nodes: int = Field(1, ge=1, le=4096, description="machines")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true", description="of the network's forward pass")
    workers: int = Field(1, ge=0, le=256, description="processes that make batches, for each device; 0: the one that trains")


class TrainingConfig(Section):
    """What both stages have."""

    architecture: Literal["small", "full"] = Field("small", description="the network")
    seed: int = Field(0, ge=0, description="of the weights and of the data")
    optimizer: OptimizerConfig = OptimizerConfig()
    log: LogConfig = LogConfig()
    machine: MachineConfig = MachineConfig()

    @property
    def recipe(self) -> dict[str, Any]:
        """What decides the result, and must stay the same when a run goes on: everything but the machine. Plain values."""
        return self.model_dump(mode="json", exclude={"machine"})


class MagicPointConfig(TrainingConfig):
    """The detector on rendered shapes."""

    shapes: ShapesConfig = ShapesConfig()


class LossConfig(Section):
    """What joint training minimizes: the mean detector loss of both views and a descriptor loss."""

    descriptor_loss: Literal["contrastive", "hinge", "sampled_hinge"] = Field(
        "contrastive",
        description="dual softmax over corresponding points, the paper's hinge over all pairs of cells, or a sample of it",
    )
    descriptor_weight: float = Field(0.5, ge=0.0, description="of the descriptor loss beside the detector loss")
    temperature: float = Field(0.06, gt=0.0, le=10.0, description="of the dual softmax over similarities")
    positive_margin: float = Field(
        1.0, ge=-1.0, le=1.0, description="of the hinge: similarity that corresponding cells should have"
    )
    negative_margin: float = Field(0.2, ge=-1.0, le=1.0, description="of the hinge: similarity that other cells may have")
    positive_weight: float = Field(250.0, gt=0.0, description="of the hinge: of corresponding cells, which are few")
    positives: int = Field(
        300, ge=1, le=100000, description="of the sampled hinge: corresponding cells drawn for a pair of views"
    )
    negatives: int = Field(100, ge=1, le=100000, description="of the sampled hinge: cells that each of so many others meets")
    distance_weight: float = Field(0.5, ge=0.0, description="of the distance between keypoints of both views, in pixels")
    located: int = Field(200, ge=1, le=10000, description="keypoints of each view that are compared for it")


class SuperPointConfig(TrainingConfig):
    """Detector and descriptor on pairs of views."""

    optimizer: OptimizerConfig = OptimizerConfig(steps=5000, learning_rate=2e-3)
    pairs: PairConfig = PairConfig()
    loss: LossConfig = LossConfig()


AnyConfig = TypeVar("AnyConfig", bound=TrainingConfig)


def training_config(section: type[AnyConfig], values: Mapping[str, Any], overrides: Mapping[str, Any]) -> AnyConfig:
    """Settings of a file, and over them options by dotted names (``optimizer.steps``), None for not given.

    Raises ConfigError with the first setting that is wrong.
    """
    merged: dict[str, Any] = dict(values)
    for name, value in overrides.items():
        if value is None:
            continue
        *path, field = name.split(".")
        target = merged
        for part in path:
            inner = target.get(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{part} = {inner!r} cannot be used: it must hold settings such as {field}")
            target[part] = target = dict(inner)
        target[field] = value
    return parse_section(section, merged)


def write_config(path: Path, config: TrainingConfig) -> None:
    """Write all settings, in the order of their declaration."""
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """One ``name: before → now`` for each setting that differs between two nested groups."""
    found: list[str] = []
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name}: {old} → {new}")
    return found
