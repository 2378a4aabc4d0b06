"""The topics ``features`` and ``debug_image``."""

from __future__ import annotations

from rclpy.node import Node
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.drawing import draw_features
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.ros.conversions import DescriptorType, features_to_msg
from superpoint_ros.ros.images import encode
from superpoint_ros.ros.qos import publish
from superpoint_ros.types import Features, Image


class FeatureOutput:
    """Makes and publishes only what somebody subscribes to."""

    def __init__(self, node: Node, prefix: str = "") -> None:
        """prefix: of the names of the topics."""
        self._features = publish(node, FeaturesMsg, f"{prefix}features")
        self._debug_image = publish(node, ImageMsg, f"{prefix}debug_image")

    def wanted(self) -> bool:
        """Whether anybody subscribes."""
        return bool(self._features.get_subscription_count() or self._debug_image.get_subscription_count())

    def publish(self, header: Header, image: Image, features: Features, descriptor_type: DescriptorType) -> None:
        """Under the header of the image."""
        if self._features.get_subscription_count():
            self._features.publish(features_to_msg(features, header, descriptor_type))
        if self._debug_image.get_subscription_count():
            self._debug_image.publish(encode(draw_features(image, features), header))
