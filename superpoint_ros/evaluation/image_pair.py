"""What a protocol is evaluated on: two images and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import Camera, DoubleArray, Pose

Box = tuple[int, int, int, int]
"""Left, top, width and height of a part of an image in pixels."""


class ImageFile(Protocol):
    """An image that is read when it is needed. What is cached for it is keyed by its content, not by its name."""

    @property
    def name(self) -> str:
        """Unique in a data set, e.g. ``graf/img1.png``."""

    def read(self) -> NDArray[np.uint8]:
        """Grey (H, W) or RGB (H, W, 3) at full resolution. Raises DataError where the file is missing or damaged."""


@dataclass(frozen=True)
class ImagePair:
    """Two images with a homography between them, or with cameras and the motion between them, or with both.

    name: unique in the data set, e.g. ``graf/1-4``. group: what tables group by: "illumination", "viewpoint", a scene, "gap 3".
    homography: (3, 3), pixels of first to pixels of second at full resolution, pixel centres at integers; its third coordinate is
        positive for what both images see.
    T_second_first: maps points of the first camera into the second one; metres where the scale is known.
    first_camera, second_camera: intrinsics at full resolution.
    scene: what it shows, e.g. ``graf`` or the name of a video: pairs of one scene resemble each other. Empty: no other pair
        shows it.
    """

    name: str
    group: str
    first: ImageFile
    second: ImageFile
    homography: DoubleArray | None = None
    T_second_first: Pose | None = None
    first_camera: Camera | None = None
    second_camera: Camera | None = None
    scene: str = ""
