"""Nodes as processes of their own over real DDS: from publish to received, less the work itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from superpoint_ros.benchmark.result import Measurement
from superpoint_ros.benchmark.timing import Timing
from superpoint_ros.demo.processes import Processes, loopback_environment, signals_as_exceptions
from superpoint_ros.errors import SuperPointRosError

GROUP = "nodes"
LATENCY, ON_TOP = "latency", "on top of the work"
FLOOD = "nodes, camera too fast"
"""Group of what is measured with more images than a node can process."""
P99, PERIOD = "latency, 99th percentile", "from image to image"
_SESSION = "benchmark_session"
TOPICS = {"superpoint_node": "features", "frontend_node": "two_view_geometry"}
"""What is waited for. Nobody subscribes to anything else, so nothing else is made."""


def measure_nodes(model: str, size: tuple[int, int], keypoints: int, frames: int) -> list[Measurement]:
    """Latency through superpoint_node and through frontend_node, one after the other: GROUP and FLOOD.

    Raises ProcessError where a node died, SuperPointRosError where it lost count of its images.
    """
    return [one for node in TOPICS for one in _measure_node(node, model, size, keypoints, frames)]


def _measure_node(node: str, model: str, size: tuple[int, int], keypoints: int, frames: int) -> list[Measurement]:
    settings = [f"extractor.model:={model}", f"extractor.max_keypoints:={keypoints}"]
    parameters = ["--ros-args", *(word for setting in settings for word in ("-p", setting))]
    width, height = size
    with (
        tempfile.TemporaryDirectory() as folder,
        signals_as_exceptions(),
        Processes(Path(folder), loopback_environment()) as processes,
    ):
        processes.start_module(node, f"superpoint_ros.ros.{node}", parameters)
        arguments = [TOPICS[node], "--size", str(width), str(height), "--frames", str(frames)]
        session = processes.start_module(_SESSION, f"superpoint_ros.ros.{_SESSION}", arguments, read_output=True)
        assert session.stdout is not None
        lines = []
        for line in session.stdout:
            processes.check([node])
            lines.append(line)
        if session.wait() != 0 or not lines:
            processes.check([node])
            said = processes.log(_SESSION).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise SuperPointRosError(f"{node} could not be measured: {said[-1] if said else 'its session said nothing'}")
    heard = json.loads(lines[-1])
    latency, work = heard["latency_ms"], heard["work_ms"]
    alone = [
        Measurement(GROUP, f"{node}, {name}", Timing.of(milliseconds), width, height, keypoints)
        for name, milliseconds in ((LATENCY, latency), (ON_TOP, [ms - work for ms in latency]))
    ]
    return alone + _flood(node, heard["flood"], size, keypoints)


def _flood(node: str, heard: dict[str, Any], size: tuple[int, int], keypoints: int) -> list[Measurement]:
    published, received, dropped, processed = (heard[name] for name in ("published", "received", "dropped", "processed"))
    if received != dropped + processed or received > published:
        raise SuperPointRosError(
            f"{node} lost count: {published} published, {received} received, {dropped} dropped, {processed} processed"
        )
    latency = heard["latency_ms"]
    counts = {"found": len(latency), "published": published, "dropped": dropped, "lost": published - received}
    samples = {LATENCY: latency, P99: [float(np.percentile(latency, 99))], PERIOD: heard["period_ms"]}
    return [
        Measurement(FLOOD, f"{node}, {name}", Timing.of(milliseconds), *size, keypoints, **counts)
        for name, milliseconds in samples.items()
    ]
