from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from superpoint_ros.benchmark.pictures import write_pictures
from superpoint_ros.benchmark.result import BenchmarkResult, Measurement, compare
from superpoint_ros.benchmark.run import KEYPOINTS
from superpoint_ros.benchmark.stages import BESIDE, NETWORK, STAGES_OF
from superpoint_ros.benchmark.tables import comparison, ratio_rows, tables
from superpoint_ros.benchmark.timing import Timing, profile, take_turns
from superpoint_ros.errors import DataError


def made(**medians: float) -> BenchmarkResult:
    """Extractions at 640x480 with these medians, and CPU times of twice that."""
    measurements = [
        Measurement("size", name.replace("_", ", "), Timing(ms, ms, ms, 3, 2.0 * ms), 640, 480, KEYPOINTS)
        for name, ms in medians.items()
    ]
    return BenchmarkResult({"cores": 2}, tuple(measurements))


def test_json_round_trip(result: BenchmarkResult, tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    result.write(path)
    again = BenchmarkResult.read(path)
    assert again.machine == result.machine
    for one, other in zip(result.measurements, again.measurements, strict=True):
        assert (other.key, other.found, other.peak_mb) == (one.key, one.found, one.peak_mb)
        assert other.timing.median_ms == pytest.approx(one.timing.median_ms, abs=1e-4)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"machine": {}, "measurements": [{"group": "size"}]}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"other\.json is not what superpoint-ros benchmark --json writes"):
        BenchmarkResult.read(path)


def test_compare_takes_what_both_have_and_says_how_many_times_faster_the_new_one_is() -> None:
    old, new = made(sift=40.0, orb=8.0), made(sift=20.0, xfeat=30.0)
    assert [(m.name, ratio) for m, ratio in compare(old, new)] == [("sift", 2.0)]
    assert comparison(old, new).rows == [("size: sift 640x480, 1000 keypoints", "40.0", "20.0", "2.00")]


def test_ratios_are_of_wall_clock_and_cpu_time_to_our_fastest_backend() -> None:
    rows = {row[0]: row[1:] for row in ratio_rows(made(small_torch=30.0, small_openvino=10.0, xfeat=25.0, sift=15.0))}
    assert rows["XFeat / small on openvino"] == ("2.50", "2.50", "≥ 2")
    assert rows["SIFT / small on openvino"][0] == "1.50"
    assert rows["small on torch / on openvino"][0] == "3.00"
    assert not any(name.startswith("ORB") for name in rows), "it was not measured"


def test_full_is_compared_with_plain_pytorch_and_with_our_backend() -> None:
    times = {"plain torch": 60.0, "torch": 45.0, "openvino": 30.0, "onnxruntime": 20.0}
    full = [Measurement("full", f"full, {name}", Timing(ms, ms, ms, 3, ms), 640, 480, KEYPOINTS) for name, ms in times.items()]
    alone = [replace(one, group="network", keypoints=0) for one in full]
    rows = {row[0]: row[1:] for row in ratio_rows(BenchmarkResult({"cores": 2}, (*full, *alone)))}
    assert rows["full in plain PyTorch / fastest"] == ("3.00", "3.00", "≥ 2")
    assert rows["full on torch / fastest"] == ("2.25", "2.25", "")
    assert rows["full network alone in plain PyTorch / fastest"][0] == "3.00"


def test_what_lies_beside_the_network_is_compared_with_its_wall_clock_and_with_its_cpu_time() -> None:
    stages = {**dict.fromkeys(BESIDE, 0.5), NETWORK: 10.0}
    measured = [
        Measurement(f"{STAGES_OF}openvino", name, Timing(ms, ms, ms, 3), 640, 480, KEYPOINTS) for name, ms in stages.items()
    ]
    network = Measurement("network", "small, openvino", Timing(10.0, 10.0, 10.0, 3, 20.0), 640, 480)
    result = made(small_openvino=12.0)
    rows = {row[0]: row[1:] for row in ratio_rows(replace(result, measurements=(*result.measurements, *measured, network)))}
    assert rows["all stages beside the network / network"] == ("0.200", "0.100", "≤ 0.15")


def test_tables_show_everything(result: BenchmarkResult) -> None:
    text = {table.title: table for table in tables(result)}
    assert [table.header[1:] for title, table in text.items() if title.startswith("Extraction, 1000")] == [("160x120", "320x240")]
    for title in ("Mutual nearest neighbours [ms]", "The network alone at 640x480 [ms]"):
        assert all("–" not in row[1:] for row in text[title].rows)
    for table in text.values():
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_pictures_have_a_line_for_everyone(result: BenchmarkResult, tmp_path: Path) -> None:
    for path in write_pictures(result, tmp_path / "plots"):
        svg = path.read_text(encoding="utf-8")
        assert svg.startswith("<svg")
        assert all(name in svg for name in ("sift", "orb", "small"))
    with pytest.raises(DataError, match="cannot write the plots"):
        write_pictures(result, tmp_path / "plots" / "cost_against_pixels.svg")


def test_tasks_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []
    timings = take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=4)
    assert "".join(calls) == "aaabbb" + "abababab"
    assert {name: timing.samples for name, timing in timings.items()} == {"a": 4, "b": 4}


def test_the_profile_adds_up_functions_of_a_stage() -> None:
    def inner() -> int:
        return sum(range(20000))

    def outer() -> int:
        return inner() + inner()

    def idle() -> None:
        pass

    found = profile(outer, {outer.__code__: "outer", inner.__code__: "inner", idle.__code__: "idle"})
    assert 0.5 * found["outer"] < found["inner"] <= found["outer"]
    assert found["idle"] == 0.0


def test_timing_of_one_sample() -> None:
    timing = Timing.of([5.0])
    assert replace(timing, samples=0) == Timing(5.0, 5.0, 5.0, 0)
