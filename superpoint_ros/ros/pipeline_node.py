"""What every node of this package does around its one call of the library."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import rclpy
from builtin_interfaces.msg import Time
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

from superpoint_ros.config import Section
from superpoint_ros.errors import SuperPointRosError
from superpoint_ros.ros.diagnostics import Diagnostics, Report
from superpoint_ros.ros.newest import Mailbox, NewestWorker
from superpoint_ros.ros.parameters import Apply, Parameters

C = TypeVar("C", bound=Section)
_REPEAT_AFTER = 5.0
_OLDEST = 600.0
"""Seconds. Stamps older than that, or in the future, are of another clock (a bag without use_sim_time): it means nothing."""


class Stream:
    """One sequence of inputs of a node, say the images of one camera: the newest wait for the worker, with a report of their own.

    name: of the camera, in front of what is said about its inputs; empty where a node has one stream. wanted: whether anybody
    subscribes to anything that is made of its inputs.
    """

    def __init__(self, name: str, report: Report, wanted: Callable[[], bool], mailbox: Mailbox[Input]) -> None:
        self.name = name
        self.report = report
        self.wanted = wanted
        self.last_stamp: int | None = None
        self._mailbox = mailbox

    def receive(self, message: Any) -> None:
        """Callback of the subscription: leave the newest message for the worker."""
        self._mailbox.put(Input(self, message, time.perf_counter()))

    def count(self) -> None:
        """Report how many came, and how many of them were replaced by newer ones."""
        self.report.count(received=self._mailbox.received, dropped=self._mailbox.dropped)


@dataclass(frozen=True)
class Input:
    """A message of a stream. since: when it came; later, when the work on it began."""

    stream: Stream
    message: Any
    since: float


class PipelineNode(Node, Generic[C]):
    """Parameters, diagnostics, ``~/reset``, and one worker thread that processes the newest inputs.

    A node makes a ``stream`` for what it subscribes to, with ``stream.receive`` as the callback, and implements ``process`` and
    ``reset``. Whatever is wrong with an input is said in the log and in the diagnostics, and the next input gets its chance.
    """

    def __init__(self, name: str, config_type: type[C]) -> None:
        super().__init__(name)
        self._worker: NewestWorker[Input] = NewestWorker(self._work, self._complain)
        self._said: dict[str, float] = {}
        self._reset_asked = False
        self.diagnostics = Diagnostics(self)
        self.parameters: Parameters[C] = Parameters(self, config_type, self.prepare)
        self._reset_service = self.create_service(Trigger, "~/reset", self._on_reset)

    def stream(self, task: str, wanted: Callable[[], bool] = lambda: True, depth: int = 1, name: str = "") -> Stream:
        """A sequence of inputs. task: what is made of them, for the diagnostics. depth: how many may wait for the worker."""
        return Stream(name, self.diagnostics.report(task), wanted, self._worker.mailbox(depth))

    def process(self, message: Any, report: Report) -> None:
        """Turn one input into what is published. Runs in the worker thread."""
        raise NotImplementedError

    def process_together(self, inputs: list[Input]) -> None:
        """The inputs that wait when the worker gets free, at most one of each stream, which may share the work."""
        for one in inputs:
            with self.attempt(one):
                self.process(one.message, one.stream.report)
                self.done(one)

    def reset(self) -> None:
        """Forget everything that earlier inputs left. Runs in the worker thread."""

    def prepare(self, old: C, new: C) -> Apply:
        """Do what can fail in a change of parameters; return what makes it effective (runs in the worker thread)."""
        return lambda: None

    @contextmanager
    def attempt(self, one: Input) -> Iterator[None]:
        """What goes wrong in the block is told, and costs this input alone."""
        try:
            yield
        except Exception as error:
            one.stream.report.refused(str(error))
            self._complain(error, one.stream.name)

    def done(self, one: Input) -> None:
        """All that was wanted of an input is published."""
        report = one.stream.report
        report.record("total", time.perf_counter() - one.since)
        report.processed()
        age = (self.get_clock().now().nanoseconds - nanoseconds(one.message.header.stamp)) * 1e-9
        if 0.0 <= age < _OLDEST:
            report.record("stamp to published", age)

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

    def _work(self, inputs: list[Input]) -> None:
        self.parameters.apply_changes()
        now = time.perf_counter()
        due = [replace(one, since=now) for one in inputs if self._due(one, now)]
        if due:
            self.process_together(due)

    def _due(self, one: Input, now: float) -> bool:
        """Whether there is anything to be made of an input."""
        one.stream.count()
        one.stream.report.record("waiting", now - one.since)
        self._reset_where_due(one.stream, nanoseconds(one.message.header.stamp))
        wanted = one.stream.wanted()
        if not wanted:
            one.stream.report.skipped()
        return wanted

    def _reset_where_due(self, stream: Stream, stamp: int) -> None:
        if stream.last_stamp is not None and stamp < stream.last_stamp:
            back = (stream.last_stamp - stamp) * 1e-9
            text = f"time jumped back by {back:.3f} s (a bag that starts again?); starting anew"
            self.get_logger().warning(_of(stream.name, text))
            self._reset_asked = True
        stream.last_stamp = stamp
        if self._reset_asked:
            self._reset_asked = False
            self.reset()

    def _complain(self, error: Exception, name: str = "") -> None:
        if isinstance(error, SuperPointRosError):
            self.say("error", _of(name, str(error)))
        elif rclpy.ok(context=self.context):
            self.say("error", f"this is a bug, please report it: {''.join(traceback.format_exception(error))}")

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._reset_asked = True
        response.success = True
        response.message = "starts anew with the next input"
        return response


def _of(name: str, text: str) -> str:
    """Text about the stream of that name."""
    return f"{name}: {text}" if name else text


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
