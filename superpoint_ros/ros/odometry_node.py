"""two_view_geometry -> odometry, path, tf."""

from __future__ import annotations

from superpoint_ros.config import OdometryNodeConfig
from superpoint_ros.msg import TwoViewGeometry as TwoViewGeometryMsg
from superpoint_ros.ros.conversions import geometry_from_msg
from superpoint_ros.ros.diagnostics import Report
from superpoint_ros.ros.odometry_output import OdometryOutput
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.ros.pipeline_node import PipelineNode, run
from superpoint_ros.ros.qos import RELIABLE, subscribe


class OdometryNode(PipelineNode[OdometryNodeConfig]):
    """Chains the geometries of keyframes into a trajectory."""

    def __init__(self) -> None:
        super().__init__("odometry_node", OdometryNodeConfig)
        self._output = OdometryOutput(self, self.parameters.config, lambda text: self.say("warning", text))
        # Every keyframe counts and none costs much: let them wait rather than lose one.
        geometries = self.stream("odometry", depth=100)
        self._subscription = subscribe(self, TwoViewGeometryMsg, "two_view_geometry", geometries.receive, RELIABLE)
        self.get_logger().info("ready")

    def process(self, message: TwoViewGeometryMsg, report: Report) -> None:
        self._output.update(geometry_from_msg(message), message.header, message.reference_header, message.is_keyframe)

    def reset(self) -> None:
        self._output.reset()

    def prepare(self, old: OdometryNodeConfig, new: OdometryNodeConfig) -> Apply:
        return lambda: self._output.configure(new)


def main() -> None:
    """Entry point of the executable."""
    run(OdometryNode)


if __name__ == "__main__":
    main()
