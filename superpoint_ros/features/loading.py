"""One door to every extractor."""

from __future__ import annotations

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.corners import CORNER_DETECTORS, CornerDetector
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.xfeat import XFeat
from superpoint_ros.types import Extractor


def load_extractor(config: ExtractorConfig, *, to_match: bool = False) -> Extractor:
    """SIFT, ORB, XFeat or a corner detector where the settings say so, else SuperPoint with the model they name.

    to_match: refuse what has no descriptors. Raises WeightsError, DeviceError, MissingDependencyError, and ConfigError for a
    refused detector.
    """
    if config.model == "sift":
        return Sift(config)
    if config.model == "orb":
        return Orb(config)
    if config.model == "xfeat":
        return XFeat(config)
    if config.model in CORNER_DETECTORS:
        if to_match:
            raise ConfigError(f"{config.model} has no descriptors; it can only be evaluated as a detector")
        return CornerDetector(config)
    return SuperPoint.from_config(config)
