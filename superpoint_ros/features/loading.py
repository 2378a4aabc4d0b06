"""One door to every extractor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.corners import CORNER_DETECTORS, CornerDetector
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.xfeat import XFeat
from superpoint_ros.types import Extractor

_BOUNDS = frozenset({"max_keypoints", "border", "max_size"})


@dataclass(frozen=True)
class _Other:
    """Features that are not SuperPoint's. heeds: the settings that change something for them."""

    load: Callable[[ExtractorConfig], Extractor]
    heeds: frozenset[str] = _BOUNDS


_OTHERS: Mapping[str, _Other] = {
    "sift": _Other(Sift),
    "orb": _Other(Orb),
    "xfeat": _Other(XFeat, _BOUNDS | {"device"}),
    "fast": _Other(CornerDetector, _BOUNDS | {"nms_radius"}),
    "harris": _Other(CornerDetector, _BOUNDS | {"nms_radius", "subpixel"}),
    "shi": _Other(CornerDetector, _BOUNDS | {"nms_radius", "subpixel"}),
}


def ignored_settings(model: str, settings: Iterable[str]) -> list[str]:
    """Those of some fields of ``ExtractorConfig`` that change nothing for a model: SuperPoint heeds all, others few."""
    return sorted(set(settings) - _OTHERS[model].heeds) if model in _OTHERS else []


def idle_settings(config: ExtractorConfig) -> list[str]:
    """Fields not at their default that change nothing for the model, but for levels: ``load_extractor`` refuses those."""
    usual = ExtractorConfig(model=config.model, levels=config.levels)
    changed = [name for name in ExtractorConfig.model_fields if getattr(config, name) != getattr(usual, name)]
    return ignored_settings(config.model, changed)


def load_extractor(config: ExtractorConfig, *, to_match: bool = False) -> Extractor:
    """SIFT, ORB, XFeat or a corner detector where the settings say so, else SuperPoint with the model they name.

    to_match: refuse what has no descriptors. Raises WeightsError, DeviceError, MissingDependencyError, and ConfigError for a
    refused detector, and for levels of what chooses its sizes itself.
    """
    if config.model not in _OTHERS:
        return SuperPoint.from_config(config)
    if to_match and config.model in CORNER_DETECTORS:
        raise ConfigError(f"{config.model} has no descriptors; it can only be evaluated as a detector")
    if config.levels > 1:
        raise ConfigError(f"levels = {config.levels} is for SuperPoint: leave it out for {config.model}")
    return _OTHERS[config.model].load(config)
