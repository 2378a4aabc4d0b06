"""image -> features, of one camera or of several that share the network."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import SuperPointNodeConfig
from superpoint_ros.errors import SuperPointRosError
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.io.image_message import decode
from superpoint_ros.ros.extraction import Extraction
from superpoint_ros.ros.feature_output import FeatureOutput
from superpoint_ros.ros.image_input import ImageInput
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.ros.pipeline_node import Input, PipelineNode, Stream, run
from superpoint_ros.types import Features, Image


class CameraTopics:
    """The topics of one camera. Those of a camera with a name have that name in front: ``left/image``, ``left/features``."""

    def __init__(self, node: PipelineNode[Any], name: str, transport: Literal["raw", "compressed"]) -> None:
        prefix = f"{name}/" if name else ""
        self.output = FeatureOutput(node, prefix)
        self.stream: Stream = node.stream(f"{prefix}features", self.output.wanted, name=name)
        self.input = ImageInput(node, transport, self.stream.receive, prefix)
        self.shared = 0


@dataclass(frozen=True)
class Picture:
    """A decoded input."""

    camera: CameraTopics
    source: Input
    image: Image
    mask: NDArray[np.uint8] | None


class SuperPointNode(PipelineNode[SuperPointNodeConfig]):
    """Publishes the features of the newest image of each camera with that image's header."""

    def __init__(self) -> None:
        super().__init__("superpoint_node", SuperPointNodeConfig)
        config = self.parameters.config
        self._extraction = Extraction(config.extractor, self.diagnostics, self.get_logger().warning)
        self._cameras = {name: CameraTopics(self, name, config.image_transport) for name in config.cameras or ("",)}
        self.get_logger().info(f"ready: {self._extraction.extractor.model}")

    def process_together(self, inputs: list[Input]) -> None:
        by_size: dict[tuple[int, ...], list[Picture]] = {}
        for one in inputs:
            with self.attempt(one), one.stream.report.stage("decode"):
                camera = self._cameras[one.stream.name]
                picture = Picture(camera, one, decode(one.message), camera.input.mask())
                by_size.setdefault(picture.image.shape[:2], []).append(picture)
        for pictures in by_size.values():
            if not (len(pictures) > 1 and self._share(pictures)):
                for picture in pictures:
                    self._extract(picture)

    def _extract(self, picture: Picture) -> None:
        with self.attempt(picture.source):
            with picture.source.stream.report.stage("extract"):
                features = self._extraction.extractor.extract(picture.image, picture.mask)
            self._publish(picture, features)

    def _share(self, pictures: list[Picture]) -> bool:
        """Pictures of one size in one pass. False where there is no network, or a bad picture, which must not cost the others."""
        superpoint = self._extraction.extractor
        if not isinstance(superpoint, SuperPoint):
            return False
        started = time.perf_counter()
        try:
            found = superpoint.extract_batch([p.image for p in pictures], [p.mask for p in pictures])
        except SuperPointRosError:
            return False
        seconds = time.perf_counter() - started
        for picture, features in zip(pictures, found, strict=True):
            with self.attempt(picture.source):
                picture.camera.shared += 1
                report = picture.source.stream.report
                report.record("extract", seconds)
                report.count(**{"shared the network": picture.camera.shared})
                self._publish(picture, features)
        return True

    def _publish(self, picture: Picture, features: Features) -> None:
        source = picture.source
        with source.stream.report.stage("publish"):
            picture.camera.output.publish(source.message.header, picture.image, features, self.parameters.config.descriptor_type)
        self.done(source)

    def prepare(self, old: SuperPointNodeConfig, new: SuperPointNodeConfig) -> Apply:
        if old.extractor == new.extractor:
            return lambda: None
        return self._extraction.prepare(new.extractor)


def main() -> None:
    """Entry point of the executable."""
    run(SuperPointNode)


if __name__ == "__main__":
    main()
