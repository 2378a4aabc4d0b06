"""The topics ``matches``, ``two_view_geometry``, ``tracks`` and ``match_image``."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.drawing import draw_matches
from superpoint_ros.matching.front_end import PairResult
from superpoint_ros.msg import FeatureTracks as FeatureTracksMsg
from superpoint_ros.msg import Matches as MatchesMsg
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros.conversions import geometry_to_msg, matches_to_msg, tracks_to_msg
from superpoint_ros.ros.images import encode
from superpoint_ros.ros.qos import publish
from superpoint_ros.types import Image


class MatchOutput:
    """Makes and publishes only what somebody subscribes to, and remembers the header of the reference image."""

    def __init__(self, node: Node) -> None:
        self._matches = publish(node, MatchesMsg, "matches")
        self._geometry = publish(node, TwoViewGeometryMsg, "two_view_geometry")
        self._tracks = publish(node, FeatureTracksMsg, "tracks")
        self._match_image = publish(node, ImageMsg, "match_image")
        self._reference = Header()

    def wanted(self) -> bool:
        """Whether anybody subscribes."""
        return any(p.get_subscription_count() for p in (self._matches, self._geometry, self._tracks, self._match_image))

    def image_wanted(self) -> bool:
        """Whether anybody looks at match_image."""
        return bool(self._match_image.get_subscription_count())

    def publish(self, header: Header, result: PairResult, image: Callable[[], Image | None]) -> Header:
        """Under the header of the current image, which ``image()`` finds if somebody looks at match_image.

        Returns the header of the reference image.
        """
        reference = self._reference
        if result.is_keyframe:
            self._reference = header
        if self._tracks.get_subscription_count():
            self._tracks.publish(tracks_to_msg(result.tracks, header))
        if result.reference is None or result.geometry is None:
            return reference
        if self._geometry.get_subscription_count():
            self._geometry.publish(geometry_to_msg(result.geometry, header, reference, result.is_keyframe))
        if self._matches.get_subscription_count():
            self._matches.publish(
                matches_to_msg(result.reference, result.current, result.matches, result.geometry, header, reference)
            )
        picture = image() if self.image_wanted() else None
        if picture is not None:
            drawn = draw_matches(picture, result.reference, result.current, result.matches, result.geometry, result.tracks)
            self._match_image.publish(encode(drawn, header))
        return reference
