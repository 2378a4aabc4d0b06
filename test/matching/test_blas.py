"""The number of threads belongs to the whole process, so what matters is that it always comes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import threadpoolctl

from superpoint_ros.matching.blas import BlasThreads

SMALL, LARGE = 1e6, 1e10


def threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("this NumPy has no BLAS whose threads can be counted")
        yield


def test_a_small_product_gets_one_thread_and_a_large_one_what_there_is() -> None:
    with BlasThreads(SMALL):
        assert threads() == {1}
    assert threads() == {2}
    with BlasThreads(LARGE):
        assert threads() == {2}


def test_blocks_that_overlap_share_it_and_the_last_one_puts_it_back() -> None:
    first, second = BlasThreads(SMALL), BlasThreads(SMALL)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == {2}


def test_an_error_in_the_block_puts_it_back() -> None:
    with pytest.raises(ValueError, match="inside"), BlasThreads(SMALL):
        raise ValueError("inside")
    assert threads() == {2}
