"""One tiny benchmark for all tests: their subject is what is measured, never how long it took."""

from __future__ import annotations

import pytest

from superpoint_ros.benchmark.result import BenchmarkResult
from superpoint_ros.benchmark.run import Plan, run_benchmark

TINY = Plan(((160, 120), (320, 240)), keypoints=(50, 100), at=(160, 120), rounds=2, frames=6, alone=("orb",))


@pytest.fixture(scope="session")
def said() -> list[str]:
    return []


@pytest.fixture(scope="session")
def result(said: list[str]) -> BenchmarkResult:
    return run_benchmark(TINY, said.append)
