"""Sends images to a running node and notes how long each answer takes; a process that `superpoint-ros benchmark` starts.

First one image after the other, then as a camera that is faster than the node. Prints JSON objects, one per line. The last has

- ``latency_ms``: of each image that was sent alone, from its publish to the answer received;
- ``work_ms``: what the node's diagnostics say that extraction and matching take (median);
- ``flood``: ``latency_ms`` of the images that were answered in the second part, ``period_ms`` between two images, and how many
  were ``published``, and ``received``, ``dropped`` and ``processed`` by the node.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
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
from superpoint_ros.ros.diagnostics import WORK
from superpoint_ros.ros.pipeline_node import nanoseconds
from superpoint_ros.ros.qos import RELIABLE
from superpoint_ros.simulation.sequence import SimulatedSequence

_TOPICS = {"features": Features, "two_view_geometry": TwoViewGeometry}
_WORK = {"features": "extract", "two_view_geometry": WORK}
"""The stage in the diagnostics that is not the node's own doing."""
_COUNTS = ("received", "dropped", "processed")
_WARM_UP = 5
_CAMERA_RATE = 30.0
"""Images per second of the camera that is too fast, or _TOO_FAST times as many as the node answers alone where that is more."""
_TOO_FAST = 1.5
_FLOOD = 5
"""Times as many images as before."""
_FRAME_TIMEOUT, _FIRST_TIMEOUT = 10.0, 2.0
_DIAGNOSTICS_TIMEOUT = 5.0


class _Listener(Node):
    """Notes when the answer to each image came, and what the diagnostics said last."""

    def __init__(self, topic: str) -> None:
        super().__init__("benchmark_listener")
        self.answered: dict[int, float] = {}
        self.told: dict[str, str] = {}
        self._answers = self.create_subscription(_TOPICS[topic], topic, self._on_answer, RELIABLE)
        self._diagnostics = self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE)

    def connected(self) -> bool:
        """Whether a node publishes what is waited for."""
        return self._answers.get_publisher_count() > 0

    def _on_answer(self, message: Features | TwoViewGeometry) -> None:
        self.answered[nanoseconds(message.header.stamp)] = time.monotonic()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.told = {pair.key: pair.value for status in message.status for pair in status.values}


class Session:
    """The player and the listener, in one thread."""

    def __init__(self, topic: str, player: DemoPlayer, recording: Recording) -> None:
        self._topic = topic
        self._player = player
        self._sent = recording.images
        self._listener = _Listener(topic)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(player)
        self._executor.add_node(self._listener)

    def wait_for_node(self) -> None:
        """Raises DataError where it does not come up."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self._wait(lambda: self._listener.connected() and not self._player.missing(), 0.5):
            say(step="waiting")  # the parent looks after the node whenever it hears something
            if time.monotonic() > deadline:
                raise DataError(f"the node did not come up within {START_TIMEOUT:.0f} s")
        self._wait(lambda: False, 0.5)  # the other end, too, must know of the connection

    def one_by_one(self, frames: Sequence[Frame]) -> dict[str, Any]:
        """Each image when the one before was answered. The first has no geometry, so it may be silent."""
        for frame in frames:
            self._show(frame, _FRAME_TIMEOUT if frame.index else _FIRST_TIMEOUT)
        latency = self._latency(_WARM_UP)
        if not latency:
            raise DataError("the node answered to no image")
        return {"latency_ms": latency, "work_ms": float(self._diagnostics()[f"{_WORK[self._topic]} median [ms]"])}

    def flood(self, frames: Sequence[Frame], alone_ms: float) -> dict[str, Any]:
        """Images at a rate that the node cannot hold. alone_ms: how long one takes it."""
        before = self._diagnostics()
        period = 1.0 / max(_CAMERA_RATE, _TOO_FAST * 1e3 / alone_ms)
        first, last = len(self._sent), frames[-1].stamp
        due = time.monotonic()
        for index in range(_FLOOD * len(frames)):
            frame = replace(frames[index % len(frames)], stamp=last + (index + 1) * period)
            self._wait(lambda: False, due - time.monotonic())
            due = max(due, time.monotonic()) + period  # a camera that was late does not catch up
            self._player.show(frame)
        self._wait(lambda: self._sent[-1].stamp in self._listener.answered, _FRAME_TIMEOUT)
        after = self._diagnostics()
        latency = self._latency(first)
        if not latency:
            raise DataError("the node answered to no image of a camera that is too fast")
        counts = {name: int(after[name]) - int(before[name]) for name in _COUNTS}
        times = [heard.at for heard in self._sent[first:]]
        periods = [1e3 * (b - a) for a, b in pairwise(times)]
        return {"latency_ms": latency, "period_ms": periods, "published": len(times), **counts}

    def _show(self, frame: Frame, timeout: float) -> None:
        stamp = self._player.show(frame)
        self._wait(lambda: stamp in self._listener.answered, timeout)

    def _latency(self, first: int) -> list[float]:
        """Milliseconds, of all images from this one on that were answered."""
        answered = self._listener.answered
        return [1e3 * (answered[heard.stamp] - heard.at) for heard in self._sent[first:] if heard.stamp in answered]

    def _diagnostics(self) -> dict[str, str]:
        """Made after this call. Raises DataError where none comes."""
        for _ in range(2):  # the first may have been on its way
            self._listener.told = {}
            if not self._wait(lambda: self._listener.told, _DIAGNOSTICS_TIMEOUT):
                raise DataError("the node says nothing on /diagnostics")
        return self._listener.told

    def _wait(self, condition: Callable[[], object], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        self._executor.spin_once(timeout_sec=0.0)  # also when there is no time left: answers must not pile up
        while not condition() and (left := deadline - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=min(left, 0.05))
        return bool(condition())


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
    recording = Recording()
    # Features need no camera_info, and nobody would listen to it.
    player = DemoPlayer(recording, None if given.topic == "features" else sequence.camera)
    session = Session(given.topic, player, recording)
    try:
        session.wait_for_node()
        alone = session.one_by_one(frames)
        say(step="flooding")
        say(step="done", **alone, flood=session.flood(frames, float(np.median(alone["latency_ms"]))))
    except SuperPointRosError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
