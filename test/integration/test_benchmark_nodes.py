"""Latency through nodes in processes of their own; how long it is depends on the machine, that it is measured does not."""

from __future__ import annotations

import pytest

from superpoint_ros.benchmark.nodes import FLOOD, GROUP, LATENCY, ON_TOP, P99, PERIOD, TOPICS, measure_nodes
from superpoint_ros.benchmark.result import BenchmarkResult, Measurement
from superpoint_ros.benchmark.tables import tables
from superpoint_ros.demo.processes import ProcessError

FRAMES = 8


@pytest.fixture(scope="module")
def measured() -> list[Measurement]:
    return measure_nodes("sift", (320, 240), keypoints=300, frames=FRAMES)


def test_latency_through_each_node_and_what_it_is_on_top_of_the_work(measured: list[Measurement]) -> None:
    found = {m.name: m for m in measured if m.group == GROUP}
    assert set(found) == {f"{node}, {what}" for node in TOPICS for what in (LATENCY, ON_TOP)}
    for node in TOPICS:
        latency, on_top = found[f"{node}, {LATENCY}"].timing, found[f"{node}, {ON_TOP}"].timing
        assert FRAMES // 2 <= latency.samples == on_top.samples <= FRAMES
        assert latency.median_ms > 0.0
        # The work was known, so that it was taken off.
        assert on_top.median_ms < latency.median_ms


def test_a_camera_that_is_too_fast_and_every_image_of_it_is_accounted_for(measured: list[Measurement]) -> None:
    found = {m.name: m for m in measured if m.group == FLOOD}
    assert set(found) == {f"{node}, {what}" for node in TOPICS for what in (LATENCY, P99, PERIOD)}
    for node in TOPICS:
        latency = found[f"{node}, {LATENCY}"]
        assert latency.found == latency.timing.samples > 0
        assert latency.published == latency.found + latency.dropped + latency.lost
        assert found[f"{node}, {P99}"].timing.median_ms >= latency.timing.p90_ms
    (table,) = (one for one in tables(BenchmarkResult({"cores": 1}, tuple(measured))) if one.title.startswith("A camera that is"))
    for row in table.rows:
        published, answered, dropped, lost = map(int, row[-4:])
        assert published == answered + dropped + lost


def test_a_node_that_dies_is_reported() -> None:
    with pytest.raises(ProcessError, match=r"superpoint_node ended with status 2.*no\.safetensors"):
        measure_nodes("no.safetensors", (320, 240), keypoints=300, frames=FRAMES)
