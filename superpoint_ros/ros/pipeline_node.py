"""What every node of this package does around its one call of the library."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import rclpy
from builtin_interfaces.msg import Time
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

from superpoint_ros.config import Section
from superpoint_ros.errors import SuperPointRosError
from superpoint_ros.ros.diagnostics import Diagnostics
from superpoint_ros.ros.newest import NewestWorker
from superpoint_ros.ros.parameters import Apply, Parameters

C = TypeVar("C", bound=Section)
_REPEAT_AFTER = 5.0
_OLDEST = 600.0
"""Seconds. Stamps older than that, or in the future, are of another clock (a bag without use_sim_time): it means nothing."""


class PipelineNode(Node, Generic[C]):
    """Parameters, diagnostics, ``~/reset``, and one worker thread that processes the newest input.

    A node subscribes with ``self.receive`` as its callback and implements ``process``, ``reset`` and ``wanted``. Whatever is
    wrong with an input is said in the log and in the diagnostics, and the next input gets its chance.
    """

    def __init__(self, name: str, config_type: type[C], task: str, depth: int = 1) -> None:
        """task: what the node makes, for the diagnostics. depth: how many inputs may wait for the worker."""
        super().__init__(name)
        self._worker: NewestWorker[tuple[float, Any]] = NewestWorker(self._work, self._failed, depth)
        self._said: dict[str, float] = {}
        self._last_stamp: int | None = None
        self._reset_asked = False
        self.diagnostics = Diagnostics(self, task)
        self.parameters: Parameters[C] = Parameters(self, config_type, self.prepare)
        self._reset_service = self.create_service(Trigger, "~/reset", self._on_reset)

    def process(self, message: Any) -> None:
        """Turn one input into what is published. Runs in the worker thread."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget everything that earlier inputs left. Runs in the worker thread."""

    def wanted(self) -> bool:
        """Whether anybody subscribes to anything that ``process`` publishes."""
        return True

    def prepare(self, old: C, new: C) -> Apply:
        """Do what can fail in a change of parameters; return what makes it effective (runs in the worker thread)."""
        return lambda: None

    def receive(self, message: Any) -> None:
        """Callback of the subscription: leave the newest message for the worker."""
        self._worker.put((time.perf_counter(), message))

    def say(self, level: str, text: str) -> None:
        """Log a line, the same line at most every five seconds."""
        now = time.monotonic()
        if now - self._said.get(text, -_REPEAT_AFTER) >= _REPEAT_AFTER:
            self._said = {line: at for line, at in self._said.items() if now - at < _REPEAT_AFTER} | {text: now}
            # rclpy remembers one severity per calling line, so every severity has a line of its own.
            if level == "error":
                self.get_logger().error(text)
            else:
                self.get_logger().warning(text)

    def destroy_node(self) -> None:
        """Ends the worker before what it publishes with is gone."""
        self._worker.close()
        super().destroy_node()

    def _work(self, item: tuple[float, Any]) -> None:
        received, message = item
        self.diagnostics.count(received=self._worker.received, dropped=self._worker.dropped)
        self.diagnostics.record("waiting", time.perf_counter() - received)
        self.parameters.apply_changes()
        self._reset_where_due(nanoseconds(message.header.stamp))
        if not self.wanted():
            self.diagnostics.skipped()
            return
        with self.diagnostics.stage("total"):
            self.process(message)
        self.diagnostics.processed()
        age = (self.get_clock().now().nanoseconds - nanoseconds(message.header.stamp)) * 1e-9
        if 0.0 <= age < _OLDEST:
            self.diagnostics.record("stamp to published", age)

    def _reset_where_due(self, stamp: int) -> None:
        if self._last_stamp is not None and stamp < self._last_stamp:
            back = (self._last_stamp - stamp) * 1e-9
            self.get_logger().warning(f"time jumped back by {back:.3f} s (a bag that starts again?); starting anew")
            self._reset_asked = True
        self._last_stamp = stamp
        if self._reset_asked:
            self._reset_asked = False
            self.reset()

    def _failed(self, error: Exception) -> None:
        self.diagnostics.refused(str(error))
        if isinstance(error, SuperPointRosError):
            self.say("error", str(error))
        elif rclpy.ok(context=self.context):
            self.say("error", f"this is a bug, please report it: {''.join(traceback.format_exception(error))}")

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._reset_asked = True
        response.success = True
        response.message = "starts anew with the next input"
        return response


def nanoseconds(stamp: Time) -> int:
    """A stamp as one number that compares and subtracts exactly."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def run(make_node: Callable[[], Node], args: list[str] | None = None) -> None:
    """Spin a node until SIGINT or SIGTERM and exit 0; exit 2 with one line where its configuration is of no use."""
    # rclpy's own handlers end the spin. Python's would raise KeyboardInterrupt in the middle of the teardown when the
    # signal arrives twice, once from the terminal and once from launch.
    signal.signal(signal.SIGINT, lambda *_: None)
    rclpy.init(args=args)
    node = None
    status = 0
    try:
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except ExternalShutdownException:
        pass
    except SuperPointRosError as error:
        rclpy.logging.get_logger("superpoint_ros").fatal(str(error))
        status = 2
    except Exception:
        if rclpy.ok():
            raise
        # A signal while the node was being made: rclpy's handles became invalid under its hands.
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(status)
