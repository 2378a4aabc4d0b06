"""What an operator is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from superpoint_ros.ros.diagnostics import Diagnostics

MakeNode = Callable[..., Node]


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_latencies_counts_and_facts(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node("-r", "__ns:=/robot"), "features")
    diagnostics.facts({"model": "small:1", "device": "cpu"})
    for milliseconds in range(1, 101):
        diagnostics.record("extract", milliseconds * 1e-3)
    with diagnostics.stage("decode"):
        pass
    diagnostics.count(received=7, dropped=2)
    diagnostics.processed()
    status = diagnostics.status()
    assert (status.name, status.hardware_id) == ("robot/tested: features", "small:1")
    seen = values(status)
    assert float(seen["extract median [ms]"]) == pytest.approx(50.5)
    assert float(seen["extract p99 [ms]"]) == pytest.approx(99, abs=0.1)
    assert 0 <= float(seen["decode median [ms]"]) < 1000
    assert (seen["received"], seen["dropped"], seen["processed"], seen["device"]) == ("7", "2", "1", "cpu")


def test_levels_say_what_is_wrong_and_a_problem_is_told_once(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node(), "features")
    assert (diagnostics.status().level, diagnostics.status().message) == (DiagnosticStatus.WARN, "nothing received yet")
    diagnostics.count(received=1, dropped=0)
    assert diagnostics.status().message == "nothing processed lately"
    diagnostics.refused("the image is empty")
    status = diagnostics.status()
    assert (status.level, status.message, values(status)["refused"]) == (DiagnosticStatus.ERROR, "the image is empty", "1")
    for _ in range(3):
        diagnostics.processed()
    status = diagnostics.status()
    assert status.level == DiagnosticStatus.OK
    assert float(values(status)["rate [Hz]"]) > 0


def test_a_node_that_nobody_listens_to_is_well(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node(), "features")
    diagnostics.count(received=1, dropped=0)
    diagnostics.skipped()
    assert diagnostics.status().level == DiagnosticStatus.OK


def test_a_stage_that_fails_is_no_latency(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node(), "features")
    with pytest.raises(ValueError, match="broken"), diagnostics.stage("extract"):
        raise ValueError("broken")
    assert "extract median [ms]" not in values(diagnostics.status())
