"""What an operator wants to see on /diagnostics: does it run, how fast, what was dropped, what went wrong."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from superpoint_ros.ros.qos import publish

WORK = "extract and front end"
"""Stage of frontend_node: all that the library does for an image, without what the node does beside it."""
_WINDOW = 300
_PERIOD = 1.0


class Report:
    """Latencies, counts and problems of one sequence of inputs, say of one camera."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._milliseconds: dict[str, deque[float]] = {}
        self._finished: deque[float] = deque(maxlen=_WINDOW)
        self._problem: str | None = None
        self._counts = {"received": 0, "dropped": 0, "processed": 0, "skipped without subscribers": 0, "refused": 0}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures how long the block takes."""
        start = time.perf_counter()
        yield
        self.record(name, time.perf_counter() - start)

    def record(self, name: str, seconds: float) -> None:
        """A latency that was measured elsewhere."""
        with self._lock:
            self._milliseconds.setdefault(name, deque(maxlen=_WINDOW)).append(1000.0 * seconds)

    def add_up(self, name: str, stages: Sequence[str]) -> None:
        """One more latency: what these stages took together, the last time."""
        with self._lock:
            self._milliseconds.setdefault(name, deque(maxlen=_WINDOW)).append(sum(self._milliseconds[one][-1] for one in stages))

    def count(self, **counts: int) -> None:
        """Totals that are kept elsewhere: received, dropped."""
        with self._lock:
            self._counts.update(counts)

    def processed(self) -> None:
        """One item went all the way."""
        with self._lock:
            self._counts["processed"] += 1
            self._finished.append(time.monotonic())

    def skipped(self) -> None:
        """One item was not needed, because nobody subscribes."""
        with self._lock:
            self._counts["skipped without subscribers"] += 1

    def refused(self, problem: str) -> None:
        """One item could not be processed; shown until the next report."""
        with self._lock:
            self._counts["refused"] += 1
            self._problem = problem

    def status(self, facts: Mapping[str, str]) -> DiagnosticStatus:
        """The report of this moment. facts: what else is shown, as it is."""
        status = DiagnosticStatus(name=self._name, hardware_id=facts.get("model", ""))
        with self._lock:
            rate = self._rate(time.monotonic())
            status.level, status.message = self._summary(rate)
            values = {"rate [Hz]": f"{rate:.2f}", **{name: str(count) for name, count in self._counts.items()}, **facts}
            stages = {name: list(milliseconds) for name, milliseconds in self._milliseconds.items()}
            self._problem = None
        for name, milliseconds in stages.items():  # the worker need not wait for this
            median, high = np.percentile(milliseconds, (50, 99))
            values[f"{name} median [ms]"] = f"{median:.2f}"
            values[f"{name} p99 [ms]"] = f"{high:.2f}"
        status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
        return status

    def _summary(self, rate: float) -> tuple[bytes, str]:
        if self._problem is not None:
            return DiagnosticStatus.ERROR, self._problem
        if not self._counts["received"]:
            return DiagnosticStatus.WARN, "nothing received yet"
        if rate == 0.0 and not self._counts["skipped without subscribers"]:
            return DiagnosticStatus.WARN, "nothing processed lately"
        return DiagnosticStatus.OK, f"{rate:.1f} Hz"

    def _rate(self, now: float) -> float:
        """Items per second over the last five seconds."""
        recent = [t for t in self._finished if now - t < 5.0]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0


class Diagnostics:
    """Publishes the reports of a node every second of real time, one status each."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reports: list[Report] = []
        self._facts: dict[str, str] = {}
        self._publisher = publish(node, DiagnosticArray, "/diagnostics")
        # A steady clock: with use_sim_time a paused bag must not silence the diagnostics.
        self._timer = node.create_timer(_PERIOD, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def report(self, task: str) -> Report:
        """One more of them. task: what is made of the inputs."""
        report = Report(f"{self._node.get_fully_qualified_name().lstrip('/')}: {task}")
        self._reports.append(report)
        return report

    def facts(self, facts: Mapping[str, str]) -> None:
        """What does not change with every item and is shown in each report, e.g. model and device."""
        self._facts = {**self._facts, **facts}

    def statuses(self) -> list[DiagnosticStatus]:
        """Of this moment."""
        return [report.status(self._facts) for report in self._reports]

    def _publish(self) -> None:
        array = DiagnosticArray(status=self.statuses())
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
