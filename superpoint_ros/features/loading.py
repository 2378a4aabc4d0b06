"""One door to every extractor."""

from __future__ import annotations

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.types import Extractor


def load_extractor(config: ExtractorConfig) -> Extractor:
    """SIFT or ORB where the settings say so, else SuperPoint with the model they name. Raises WeightsError, DeviceError."""
    if config.model == "sift":
        return Sift(config)
    if config.model == "orb":
        return Orb(config)
    return SuperPoint.from_config(config)
