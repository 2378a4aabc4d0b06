"""Compiled loops do what they say, also where the machine code cannot be kept."""

from __future__ import annotations

import pytest

from superpoint_ros.features.compiled import compiled


def add_up(count: int) -> int:
    total = 0
    for number in range(count):
        total += number
    return total


def test_a_function_is_compiled_when_it_is_defined() -> None:
    assert add_up_compiled.signatures  # type: ignore[attr-defined]
    assert add_up_compiled(5) == 10


def test_without_a_place_for_a_cache_it_is_compiled_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.caching.CompileResultCacheImpl._locator_classes", [])
    assert compiled("int64(int64)")(add_up)(5) == 10


add_up_compiled = compiled("int64(int64)")(add_up)
