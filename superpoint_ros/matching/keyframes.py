"""When the current image becomes the reference of the next ones."""

from __future__ import annotations

from superpoint_ros.config import KeyframeConfig
from superpoint_ros.types import TwoViewGeometry, TwoViewStatus


class KeyframePolicy:
    """Keep a reference until the motion since then is large enough to be measured well, or the view of it is about to be lost."""

    def __init__(self, config: KeyframeConfig = KeyframeConfig()) -> None:
        self._config = config
        self._most_inliers = 0

    def reset(self) -> None:
        """A new reference was set."""
        self._most_inliers = 0

    def update(self, geometry: TwoViewGeometry, motion: float) -> bool:
        """Whether the current image of this geometry becomes the reference.

        motion: median distance in pixels that the inliers moved, as a share of the image diagonal.
        """
        is_keyframe = self._config.policy == "every_frame" or self._decide(geometry, motion)
        if is_keyframe:
            self.reset()
        return is_keyframe

    def _decide(self, geometry: TwoViewGeometry, motion: float) -> bool:
        inliers = int(geometry.inliers.sum())
        self._most_inliers = max(self._most_inliers, inliers)
        if inliers == 0:
            # The reference is out of sight: nothing will ever match it again.
            return True
        if geometry.status is TwoViewStatus.NO_MOTION:
            return False
        if inliers < self._config.min_shared * self._most_inliers or motion >= self._config.max_motion:
            return True
        return geometry.has_pose and geometry.parallax >= self._config.parallax
