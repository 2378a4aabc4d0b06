"""Protocols by name: every setting that a figure depends on, fixed, so that figures of one name can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from superpoint_ros.config import ExtractorConfig, GeometryConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.evaluation.relative_pose import AUC_THRESHOLDS
from superpoint_ros.evaluation.resize import Resize

Task = Literal["detector", "descriptor", "homography", "pose"]
Estimator = Literal["poselib", "opencv"]
DEFAULT = "pairs-1000"


@dataclass(frozen=True)
class Protocol:
    """How one thing is measured.

    max_keypoints: K, the best of each image. nms_radii, estimators: each gives figures of its own. threshold: of the detector;
    0 keeps the K best whatever their score. epsilon: pixels within which a keypoint is found again and a match is correct.
    thresholds: pixels or, of poses, degrees up to which an estimate is correct, and its AUC is taken. max_error: pixels, of an
    inlier. All pixels are those of the resized image. Estimators stop when they are confident, or after max_iterations.
    """

    resize: Resize
    max_keypoints: int
    nms_radii: tuple[int, ...]
    threshold: float = 0.0
    epsilon: float = 3.0
    thresholds: tuple[float, ...] = (1.0, 3.0, 5.0)
    estimators: tuple[Estimator, ...] = ("poselib",)
    max_error: float = 3.0
    confidence: float = 0.9999
    max_iterations: int = 10000

    def geometry(self, estimator: Estimator, seed: int) -> GeometryConfig:
        """What the robust estimators of this package are called with."""
        return GeometryConfig(
            estimator=estimator,
            max_error=self.max_error,
            confidence=self.confidence,
            max_iterations=self.max_iterations,
            seed=seed,
        )

    def settings(self, task: Task) -> dict[str, Any]:
        """What a figure of this task is printed with."""
        common = {
            "resolution": str(self.resize),
            "max_keypoints": self.max_keypoints,
            "nms_radius": self.nms_radii,
            "threshold": self.threshold,
        }
        if task in ("detector", "descriptor"):
            return {**common, "epsilon": self.epsilon}
        return {
            **common,
            "thresholds": self.thresholds,
            "estimator": self.estimators,
            "max_error": self.max_error,
            "confidence": self.confidence,
            "max_iterations": self.max_iterations,
        }


@dataclass(frozen=True)
class Preset:
    """A protocol for each task that it knows. gaps: frames between the images of a pair of a video."""

    name: str
    description: str
    protocols: Mapping[Task, Protocol]
    gaps: tuple[int, ...] = (1, 3, 5, 10)

    def protocol(self, task: Task) -> Protocol:
        """Raises ConfigError where the preset says nothing about the task."""
        if task not in self.protocols:
            able = ", ".join(name for name, preset in PRESETS.items() if task in preset.protocols)
            raise ConfigError(f"preset {self.name} is for {', '.join(self.protocols)}, not for {task}: choose from {able}")
        return self.protocols[task]


def find_preset(name: str) -> Preset:
    """Raises ConfigError for an unknown name."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}: choose from {', '.join(PRESETS)}")
    return PRESETS[name]


_VGA = Resize("crop", (640, 480))
_THRESHOLD = ExtractorConfig().threshold
_PAIRS = Protocol(Resize("long", (640,)), 1000, (4,), _THRESHOLD)
_PAPER = Protocol(_VGA, 1000, (8,), estimators=("opencv",))
_LIGHTGLUE = Protocol(Resize("short", (480,)), 1024, (3,), estimators=("opencv", "poselib"))

_ALL = (
    Preset(
        "pairs-1000",
        "for any data: long side at most 640, K = 1000, settings of the nodes",
        {
            "detector": _PAIRS,
            "descriptor": _PAIRS,
            "homography": _PAIRS,
            "pose": Protocol(_PAIRS.resize, 1000, (4,), _THRESHOLD, thresholds=AUC_THRESHOLDS, max_error=2.0),
        },
    ),
    Preset(
        "superpoint-paper",
        "SuperPoint (DeTone et al., CVPRW 2018), sections 7.2 and 7.3",
        {
            "detector": Protocol(Resize("crop", (320, 240)), 300, (4, 8)),
            "descriptor": _PAPER,
            "homography": _PAPER,
        },
    ),
    Preset(
        "hpatches-1000",
        "640x480 and K = 1000 for everything, as the public reimplementations of SuperPoint report HPatches",
        {"detector": _PAPER, "descriptor": _PAPER, "homography": _PAPER},
    ),
    Preset(
        "lightglue",
        "LightGlue (Lindenberger et al., ICCV 2023), section 5: short side 480 and K = 1024; poses: long side 1600 and K = 2048",
        {
            "descriptor": _LIGHTGLUE,
            "homography": _LIGHTGLUE,
            "pose": Protocol(
                Resize("long", (1600,)),
                2048,
                (3,),
                thresholds=AUC_THRESHOLDS,
                estimators=("opencv", "poselib"),
                max_error=1.0,
            ),
        },
    ),
    Preset(
        "sequence",
        "frames of a video 1, 3, 5 and 10 apart, at full resolution, K = 1000",
        {"pose": Protocol(Resize(), 1000, (4,), _THRESHOLD, thresholds=AUC_THRESHOLDS, max_error=2.0)},
    ),
)
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}
