"""Sends images to a running node and notes how long each answer takes; a process that `superpoint-ros benchmark` starts.

Prints JSON objects, one per line. The last one has ``latency_ms``, from before publish to received, and ``work_ms``, what the
node's diagnostics say that extraction and matching take (median).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from superpoint_ros.errors import DataError, SuperPointRosError
from superpoint_ros.io.frame import Frame
from superpoint_ros.io.recording import Recording
from superpoint_ros.msg import Features, TwoViewGeometry
from superpoint_ros.ros.demo_player import DemoPlayer
from superpoint_ros.ros.demo_session import START_TIMEOUT, say
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import RELIABLE
from superpoint_ros.simulation.sequence import SimulatedSequence

_TOPICS = {"features": Features, "two_view_geometry": TwoViewGeometry}
_WORK = ("extract median [ms]", "front end median [ms]")
_WARM_UP = 5
_FRAME_TIMEOUT, _FIRST_TIMEOUT = 10.0, 2.0
_DIAGNOSTICS_TIMEOUT = 5.0


class _Listener(Node):
    """Notes when the answer to each image came, and what the diagnostics said last."""

    def __init__(self, topic: str) -> None:
        super().__init__("benchmark_listener")
        self.answered: dict[int, float] = {}
        self.work: dict[str, float] = {}
        self._answers = self.create_subscription(_TOPICS[topic], topic, self._on_answer, RELIABLE)
        self._diagnostics = self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE)

    def connected(self) -> bool:
        """Whether a node publishes what is waited for."""
        return self._answers.get_publisher_count() > 0

    def _on_answer(self, message: Features | TwoViewGeometry) -> None:
        self.answered[nanoseconds(message.header.stamp)] = time.monotonic()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.work = {pair.key: float(pair.value) for status in message.status for pair in status.values if pair.key in _WORK}


def measure(
    frames: Iterable[Frame], player: DemoPlayer, listener: _Listener, executor: SingleThreadedExecutor
) -> dict[str, object]:
    """Show one image after the other, each when the one before was answered. The first has no geometry, so it may be silent."""

    def wait(condition: Callable[[], object], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)
        return bool(condition())

    deadline = time.monotonic() + START_TIMEOUT
    while not wait(lambda: listener.connected() and not player.missing(), 0.5):
        say(step="waiting")  # the parent looks after the node whenever it hears something
        if time.monotonic() > deadline:
            raise DataError(f"the node did not come up within {START_TIMEOUT:.0f} s")
    wait(lambda: False, 0.5)  # the other end, too, must know of the connection
    latency: list[float] = []
    for frame in frames:
        began = time.monotonic()
        stamp = player.show(frame)
        is_answered = wait(lambda stamp=stamp: stamp in listener.answered, _FRAME_TIMEOUT if frame.index else _FIRST_TIMEOUT)  # type: ignore[misc]
        if is_answered and frame.index >= _WARM_UP:
            latency.append(1e3 * (listener.answered[stamp] - began))
    if not latency:
        raise DataError("the node answered to no image")
    listener.work.clear()
    wait(lambda: listener.work, _DIAGNOSTICS_TIMEOUT)
    return {"latency_ms": latency, "work_ms": sum(listener.work.values())}


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic", choices=list(_TOPICS))
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480))
    parser.add_argument("--frames", type=int, default=100)
    given = parser.parse_args(arguments)
    sequence = SimulatedSequence(frames=given.frames + _WARM_UP, size=(given.size[0], given.size[1]))
    frames: list[Frame] = []
    for frame in sequence:  # before anything is timed
        frames.append(frame)
        say(step="rendering", rendered=len(frames))
    rclpy.init()
    # Features need no camera_info, and nobody would listen to it.
    player = DemoPlayer(Recording(), None if given.topic == "features" else sequence.camera)
    listener = _Listener(given.topic)
    executor = SingleThreadedExecutor()
    executor.add_node(player)
    executor.add_node(listener)
    try:
        say(step="done", **measure(frames, player, listener, executor))
    except SuperPointRosError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
