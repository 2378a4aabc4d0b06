"""Quality of service: subscribe to anything, publish what everybody can receive, and be loud when two ends do not fit."""

from __future__ import annotations

from copy import copy
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

NEWEST = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.VOLATILE)
"""For subscriptions to images: matches every publisher, and a late frame is never waited for.

Only the newest image is used, but with a shorter queue the middleware would drop the others, which counts them nowhere."""

RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.VOLATILE)
"""For everything that is published: matches subscriptions of either reliability. And for subscriptions between our nodes,
where a lost keyframe would break the trajectory."""

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For what was published once, before this node started. Only publishers that latch match it."""


def publish(node: Node, message_type: type, topic: str, profile: QoSProfile = RELIABLE) -> Publisher:
    """A publisher that reports subscribers it cannot serve. Overridable: ``qos_overrides./topic.publisher.depth`` etc."""

    def incompatible(event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        node.get_logger().error(
            f"a subscriber asks '{publisher.topic_name}' for a {policy} that is not offered and receives nothing; "
            f"relax it there or set the parameter qos_overrides.{publisher.topic_name}.publisher.{policy.lower()} here"
        )

    publisher = node.create_publisher(
        message_type,
        topic,
        copy(profile),  # an override is written into it
        # An event handler costs time whenever the executor wakes; the default ones only warn of subscribers of another type.
        event_callbacks=PublisherEventCallbacks(incompatible_qos=incompatible, use_default_callbacks=False),
        qos_overriding_options=QoSOverridingOptions.with_default_policies(),
    )
    return publisher


def subscribe(
    node: Node, message_type: type, topic: str, callback: Any, profile: QoSProfile = NEWEST, raw: bool = False
) -> Subscription:
    """A subscription whose QoS can be overridden and that reports publishers it cannot hear.

    raw: the callback is given messages as they were sent, in bytes.
    """

    def incompatible(event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        node.get_logger().error(
            f"a publisher of '{subscription.topic_name}' offers less {policy} than is asked for, so nothing arrives from it; "
            f"set the parameter qos_overrides.{subscription.topic_name}.subscription.{policy.lower()} here"
        )

    subscription = node.create_subscription(
        message_type,
        topic,
        callback,
        copy(profile),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=incompatible),
        qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        raw=raw,
    )
    return subscription
