"""One door to every extractor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.corners import CORNER_DETECTORS, CornerDetector
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.xfeat import XFeat
from superpoint_ros.types import Extractor

_OTHERS: Mapping[str, Callable[[ExtractorConfig], Extractor]] = {
    "sift": Sift,
    "orb": Orb,
    "xfeat": XFeat,
    **dict.fromkeys(CORNER_DETECTORS, CornerDetector),
}


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
    return _OTHERS[config.model](config)
