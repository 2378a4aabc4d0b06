from __future__ import annotations

from pathlib import Path

import pytest

from superpoint_ros.benchmark.result import BenchmarkResult
from superpoint_ros.benchmark.run import Plan


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--quick`` is quick enough for people, not for a test."""
    plan = Plan(sizes=((160, 120),), keypoints=(50,), at=(160, 120), rounds=2, frames=6, full=False, alone=())
    monkeypatch.setattr(Plan, "quick", staticmethod(lambda nodes=False: plan))


@pytest.mark.usefixtures("tiny")
def test_benchmark_prints_writes_and_compares(run, tmp_path: Path) -> None:
    file, plots = tmp_path / "benchmark.json", tmp_path / "plots"
    first = run("benchmark", "--quick", "--json", file, "--plots", plots)
    assert first.status == 0, first.err
    assert "Extraction, 1000 keypoints at most" in first.out
    assert len(list(plots.glob("*.svg"))) == 2
    measured = BenchmarkResult.read(file)
    second = run("benchmark", "--quick", "--compare", file)
    assert second.status == 0, second.err
    compared = second.out.split("Against the old run")[1]
    assert compared.count("size: ") == len(measured.select("size"))


def test_a_wrong_file_to_compare_with_is_refused_before_anything_is_measured(run, tmp_path: Path) -> None:
    assert "no.json" in run("benchmark", "--compare", tmp_path / "no.json").refused()
