"""What an operator is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from superpoint_ros.ros.diagnostics import Diagnostics, Report

MakeNode = Callable[..., Node]


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_latencies_counts_and_facts(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node("-r", "__ns:=/robot"))
    report = diagnostics.report("features")
    diagnostics.facts({"model": "small:1", "device": "cpu"})
    for milliseconds in range(1, 101):
        report.record("extract", milliseconds * 1e-3)
    with report.stage("decode"):
        pass
    report.count(received=7, dropped=2)
    report.processed()
    (status,) = diagnostics.statuses()
    assert (status.name, status.hardware_id) == ("robot/tested: features", "small:1")
    seen = values(status)
    assert float(seen["extract median [ms]"]) == pytest.approx(50.5)
    assert float(seen["extract p99 [ms]"]) == pytest.approx(99, abs=0.1)
    assert 0 <= float(seen["decode median [ms]"]) < 1000
    assert (seen["received"], seen["dropped"], seen["processed"], seen["device"]) == ("7", "2", "1", "cpu")


def test_stages_add_up_for_each_input() -> None:
    report = Report("tested: front end")
    for extract, front_end in ((0.010, 0.020), (0.020, 0.001), (0.030, 0.002)):
        report.record("extract", extract)
        report.record("front end", front_end)
        report.add_up("both", ("extract", "front end"))
    seen = values(report.status({}))
    # Of 30, 21 and 32: another number than the sum of the medians.
    assert [seen[f"{stage} median [ms]"] for stage in ("extract", "front end", "both")] == ["20.00", "2.00", "30.00"]


def test_levels_say_what_is_wrong_and_a_problem_is_told_once() -> None:
    report = Report("tested: features")
    assert (report.status({}).level, report.status({}).message) == (DiagnosticStatus.WARN, "nothing received yet")
    report.count(received=1, dropped=0)
    assert report.status({}).message == "nothing processed lately"
    report.refused("the image is empty")
    status = report.status({})
    assert (status.level, status.message, values(status)["refused"]) == (DiagnosticStatus.ERROR, "the image is empty", "1")
    for _ in range(3):
        report.processed()
    status = report.status({})
    assert status.level == DiagnosticStatus.OK
    assert float(values(status)["rate [Hz]"]) > 0


def test_each_camera_has_a_report_of_its_own_and_the_facts_are_those_of_the_node(make_node: MakeNode) -> None:
    diagnostics = Diagnostics(make_node())
    left, right = diagnostics.report("left/features"), diagnostics.report("right/features")
    diagnostics.facts({"model": "small:1"})
    left.count(received=4, dropped=1)
    for _ in range(3):
        left.processed()
    right.refused("the image is empty")
    first, second = diagnostics.statuses()
    assert (first.name, second.name) == ("tested: left/features", "tested: right/features")
    assert [values(status)["received"] for status in (first, second)] == ["4", "0"]
    assert [status.level for status in (first, second)] == [DiagnosticStatus.OK, DiagnosticStatus.ERROR]
    assert {status.hardware_id for status in (first, second)} == {"small:1"}


def test_a_node_that_nobody_listens_to_is_well() -> None:
    report = Report("tested: features")
    report.count(received=1, dropped=0)
    report.skipped()
    assert report.status({}).level == DiagnosticStatus.OK


def test_a_stage_that_fails_is_no_latency() -> None:
    report = Report("tested: features")
    with pytest.raises(ValueError, match="broken"), report.stage("extract"):
        raise ValueError("broken")
    assert "extract median [ms]" not in values(report.status({}))
