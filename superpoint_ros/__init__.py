"""Learned visual front end for ROS 2: keypoints, descriptors, matches and camera motion.

>>> from superpoint_ros import SuperPoint, match, estimate_two_view, Camera
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from superpoint_ros.features.extractor import SuperPoint
    from superpoint_ros.matching.mutual_nearest import match
    from superpoint_ros.matching.two_view import estimate_two_view
    from superpoint_ros.types import Camera

__version__ = "0.1.0"
__all__ = ["Camera", "SuperPoint", "estimate_two_view", "match"]

_HOME = {
    "Camera": "superpoint_ros.types",
    "SuperPoint": "superpoint_ros.features.extractor",
    "match": "superpoint_ros.matching.mutual_nearest",
    "estimate_two_view": "superpoint_ros.matching.two_view",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import superpoint_ros`` stays quick and needs no torch."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
