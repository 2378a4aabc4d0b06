from __future__ import annotations

import numpy as np

from superpoint_ros.benchmark import nearest
from superpoint_ros.benchmark.contenders import installed_backends, installed_contenders
from superpoint_ros.benchmark.machine import usable_cores
from superpoint_ros.benchmark.result import BenchmarkResult
from superpoint_ros.benchmark.run import KEYPOINTS
from superpoint_ros.benchmark.stages import BESIDE, NETWORK, STAGES_OF, WHOLE


def test_all_contenders_are_measured_at_every_size_and_number_of_keypoints(result: BenchmarkResult) -> None:
    names = {contender.name for contender in installed_contenders("small")}
    assert {"small, torch", "small, plain torch", "sift", "orb"} <= names
    for size in ((160, 120), (320, 240)):
        found = result.select("size", width=size[0], height=size[1], keypoints=KEYPOINTS)
        assert {m.name for m in found} == names | {f"small, {installed_backends()[0]}, 3 levels"}
        assert all(0 < m.found <= KEYPOINTS for m in found if m.name != "orb")
    for keypoints in (50, 100):
        found = result.select("keypoints", keypoints=keypoints, width=160, height=120)
        assert {m.name for m in found if "," not in m.name} == {name for name in names if "," not in name}
        assert all(0 < m.found <= keypoints for m in found)


def test_every_figure_is_a_time_with_its_spread(result: BenchmarkResult) -> None:
    assert len({m.key for m in result.measurements}) == len(result.measurements)
    for m in result.measurements:
        assert m.timing.samples >= 2, m
        assert 0.0 < m.timing.p10_ms <= m.timing.median_ms <= m.timing.p90_ms, m


def test_each_stage_is_measured_on_each_backend(result: BenchmarkResult) -> None:
    for backend in installed_backends():
        found = {m.name: m.timing.median_ms for m in result.select(STAGES_OF + backend, width=320)}
        assert set(found) == {*BESIDE, NETWORK, WHOLE}
        parts = found[NETWORK] + sum(found[name] for name in BESIDE)
        # Medians do not add up exactly; what is left is the code between the stages.
        assert 0.3 * found[WHOLE] < parts < 1.5 * found[WHOLE]
    front_end = {m.name for m in result.select("front end")}
    assert front_end == {"match", "geometry", "links", "tracks", "whole front end"}


def test_both_networks_run_on_every_backend(result: BenchmarkResult) -> None:
    names = [m.name for m in result.select("network")]
    everywhere = [*installed_backends(), "plain torch"]
    assert names == [f"{model}, {name}" for model in ("small", "full") for name in everywhere]
    assert {m.name for m in result.select("full")} == {f"full, {name}" for name in everywhere}
    assert len({m.found for m in result.select("full")}) == 1


def test_both_matchers_find_the_same(result: BenchmarkResult) -> None:
    for size in (128, 256):
        for count in (50, 100):
            ours, opencv = (
                result.select(nearest.GROUP, name=name, width=size, keypoints=count)[0] for name in (nearest.OURS, nearest.OPENCV)
            )
            assert ours.found == opencv.found >= count // 2


def test_threads_and_memory_of_a_process_of_its_own(result: BenchmarkResult) -> None:
    found = result.select("alone")
    assert sorted(m.threads for m in found) == sorted({1, usable_cores()})
    assert all(m.name == "orb" and m.found > 0 for m in found)
    assert all(np.isfinite(m.peak_mb) and m.peak_mb >= 0.0 for m in found)


def test_progress_is_told(result: BenchmarkResult, said: list[str]) -> None:
    assert "extraction at 160x120" in said
    assert said[-1].startswith("orb with")
    assert result.machine["cores"] == usable_cores()
    assert result.machine["libraries"]["numpy"] == np.__version__
