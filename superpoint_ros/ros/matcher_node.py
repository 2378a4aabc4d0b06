"""features -> matches, two-view geometry, tracks."""

from __future__ import annotations

from superpoint_ros.config import MatcherNodeConfig
from superpoint_ros.matching.front_end import PairMatcher
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.ros.camera_input import CameraInput
from superpoint_ros.ros.conversions import features_from_msg
from superpoint_ros.ros.diagnostics import Report
from superpoint_ros.ros.match_output import MatchOutput
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.ros.pipeline_node import PipelineNode, nanoseconds, run
from superpoint_ros.ros.qos import RELIABLE, subscribe
from superpoint_ros.ros.recent_images import RecentImages


class MatcherNode(PipelineNode[MatcherNodeConfig]):
    """Compares each features message with those of the last keyframe."""

    def __init__(self) -> None:
        super().__init__("matcher_node", MatcherNodeConfig)
        config = self.parameters.config
        self._match_with(config)
        self._output = MatchOutput(self)
        self._camera = CameraInput(self, self.get_logger().warning)
        self._images = RecentImages(self, config.image_transport)
        # A few features may wait, so that a slow moment loses none; more would only add delay.
        self._features = self.stream("matches", self._output.wanted, depth=3)
        self._subscription = subscribe(self, FeaturesMsg, "features", self._on_features, RELIABLE)
        self.get_logger().info("ready")

    def _on_features(self, message: FeaturesMsg) -> None:
        # Images cost more than all the rest: subscribe to them only while somebody looks at match_image.
        self._images.follow(self._output.image_wanted())
        self._features.receive(message)

    def process(self, message: FeaturesMsg, report: Report) -> None:
        with report.stage("decode"):
            features = features_from_msg(message)
            camera = self._camera.camera(features.image_size, self.parameters.config.rectified)
        with report.stage("front end"):
            result = self._pairs.update(features, nanoseconds(message.header.stamp) * 1e-9, camera, report.stage)
        if result.reset_reason:
            self.say("warning", f"{result.reset_reason}; starting anew")
        with report.stage("publish"):
            self._output.publish(message.header, result, lambda: self._images.find(message.header))
        self.diagnostics.facts({"model": features.model})

    def reset(self) -> None:
        self._pairs.reset()

    def prepare(self, old: MatcherNodeConfig, new: MatcherNodeConfig) -> Apply:
        if (old.matcher, old.geometry, old.keyframes) == (new.matcher, new.geometry, new.keyframes):
            return lambda: None
        return lambda: self._match_with(new)

    def _match_with(self, config: MatcherNodeConfig) -> None:
        self._pairs = PairMatcher(config.matcher, config.geometry, config.keyframes)


def main() -> None:
    """Entry point of the executable."""
    run(MatcherNode)


if __name__ == "__main__":
    main()
