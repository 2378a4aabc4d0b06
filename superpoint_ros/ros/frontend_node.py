"""image -> features, matches, geometry, odometry: the three other nodes in one process, without messages in between."""

from __future__ import annotations

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.config import FrontendNodeConfig
from superpoint_ros.io.image_message import decode
from superpoint_ros.matching.front_end import PairMatcher
from superpoint_ros.ros.camera_input import CameraInput
from superpoint_ros.ros.diagnostics import WORK, Report
from superpoint_ros.ros.extraction import Extraction
from superpoint_ros.ros.feature_output import FeatureOutput
from superpoint_ros.ros.image_input import ImageInput
from superpoint_ros.ros.match_output import MatchOutput
from superpoint_ros.ros.odometry_output import OdometryOutput
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.ros.pipeline_node import PipelineNode, nanoseconds, run
from superpoint_ros.types import Features, Image


class FrontendNode(PipelineNode[FrontendNodeConfig]):
    """Everything for the newest image, as far as somebody subscribes to it."""

    def __init__(self) -> None:
        super().__init__("frontend_node", FrontendNodeConfig)
        config = self.parameters.config
        self._extraction = Extraction(config.extractor, self.diagnostics, self.get_logger().warning)
        self._match_with(config)
        self._features = FeatureOutput(self)
        self._matches = MatchOutput(self)
        self._odometry = OdometryOutput(self, config, lambda text: self.say("warning", text))
        self._camera = CameraInput(self, self.get_logger().warning)
        images = self.stream("front end", self._wanted)
        self._input = ImageInput(self, config.image_transport, images.receive)
        self.get_logger().info(f"ready: {self._extraction.extractor.model}")

    def process(self, message: ImageMsg | CompressedImage, report: Report) -> None:
        config = self.parameters.config
        with report.stage("decode"):
            image, mask = decode(message), self._input.mask()
        with report.stage("extract"):
            features = self._extraction.extractor.extract(image, mask)
        with report.stage("publish features"):
            self._features.publish(message.header, image, features, config.descriptor_type)
        if self._matches.wanted() or self._odometry.wanted():
            self._match(message.header, image, features, report)

    def _match(self, header: Header, image: Image, features: Features, report: Report) -> None:
        camera = self._camera.camera(features.image_size, self.parameters.config.rectified)
        with report.stage("front end"):
            result = self._pairs.update(features, nanoseconds(header.stamp) * 1e-9, camera, report.stage)
        report.add_up(WORK, ("extract", "front end"))
        if result.reset_reason:
            self.say("warning", f"{result.reset_reason}; starting anew")
        with report.stage("publish matches"):
            reference = self._matches.publish(header, result, lambda: image)
        if result.geometry is not None:
            with report.stage("odometry"):
                self._odometry.update(result.geometry, header, reference, result.is_keyframe)

    def reset(self) -> None:
        self._pairs.reset()
        self._odometry.reset()

    def _wanted(self) -> bool:
        return self._features.wanted() or self._matches.wanted() or self._odometry.wanted()

    def prepare(self, old: FrontendNodeConfig, new: FrontendNodeConfig) -> Apply:
        changes: list[Apply] = [lambda: self._odometry.configure(new)]
        if old.extractor != new.extractor:
            changes.append(self._extraction.prepare(new.extractor))
        if (old.matcher, old.geometry, old.keyframes) != (new.matcher, new.geometry, new.keyframes):
            changes.append(lambda: self._match_with(new))

        def apply() -> None:
            for change in changes:
                change()

        return apply

    def _match_with(self, config: FrontendNodeConfig) -> None:
        self._pairs = PairMatcher(config.matcher, config.geometry, config.keyframes)


def main() -> None:
    """Entry point of the executable."""
    run(FrontendNode)


if __name__ == "__main__":
    main()
