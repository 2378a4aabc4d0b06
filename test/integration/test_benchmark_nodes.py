"""Latency through nodes in processes of their own; how long it is depends on the machine, that it is measured does not."""

from __future__ import annotations

import pytest

from superpoint_ros.benchmark.nodes import LATENCY, ON_TOP, TOPICS, measure_nodes
from superpoint_ros.demo.processes import ProcessError

FRAMES = 8


def test_latency_through_each_node_and_what_it_is_on_top_of_the_work() -> None:
    found = {m.name: m for m in measure_nodes("sift", (320, 240), keypoints=300, frames=FRAMES)}
    assert set(found) == {f"{node}, {what}" for node in TOPICS for what in (LATENCY, ON_TOP)}
    for node in TOPICS:
        latency, on_top = found[f"{node}, {LATENCY}"].timing, found[f"{node}, {ON_TOP}"].timing
        assert FRAMES // 2 <= latency.samples == on_top.samples <= FRAMES
        assert latency.median_ms > 0.0
        # The work was known, so that it was taken off.
        assert on_top.median_ms < latency.median_ms


def test_a_node_that_dies_is_reported() -> None:
    with pytest.raises(ProcessError, match=r"superpoint_node ended with status 2.*no\.safetensors"):
        measure_nodes("no.safetensors", (320, 240), keypoints=300, frames=FRAMES)
