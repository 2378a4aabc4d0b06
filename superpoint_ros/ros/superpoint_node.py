"""image -> features."""

from __future__ import annotations

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg

from superpoint_ros.config import SuperPointNodeConfig
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.io.image_message import decode
from superpoint_ros.ros.feature_output import FeatureOutput
from superpoint_ros.ros.image_input import ImageInput
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.ros.pipeline_node import PipelineNode, run
from superpoint_ros.types import Extractor


class SuperPointNode(PipelineNode[SuperPointNodeConfig]):
    """Publishes the features of the newest image with that image's header."""

    def __init__(self) -> None:
        super().__init__("superpoint_node", SuperPointNodeConfig, "features")
        config = self.parameters.config
        self._use(load_extractor(config.extractor, to_match=True))
        self._output = FeatureOutput(self)
        self._input = ImageInput(self, config.image_transport, self.receive)
        self.get_logger().info(f"ready: {self._extractor.model}")

    def process(self, message: ImageMsg | CompressedImage) -> None:
        with self.diagnostics.stage("decode"):
            image, mask = decode(message), self._input.mask()
        with self.diagnostics.stage("extract"):
            features = self._extractor.extract(image, mask)
        with self.diagnostics.stage("publish"):
            self._output.publish(message.header, image, features, self.parameters.config.descriptor_type)

    def wanted(self) -> bool:
        return self._output.wanted()

    def prepare(self, old: SuperPointNodeConfig, new: SuperPointNodeConfig) -> Apply:
        if old.extractor == new.extractor:
            return lambda: None
        extractor = load_extractor(new.extractor, to_match=True)
        return lambda: self._use(extractor)

    def _use(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self.diagnostics.facts({"model": extractor.model, "device": getattr(extractor, "device", "cpu")})


def main() -> None:
    """Entry point of the executable."""
    run(SuperPointNode)


if __name__ == "__main__":
    main()
