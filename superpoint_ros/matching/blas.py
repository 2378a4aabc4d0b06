"""How many threads a matrix product gets."""

from __future__ import annotations

import threading
from functools import lru_cache
from types import TracebackType
from typing import Any

import threadpoolctl

_WORTH_THREADS = 5e8
"""Multiplications of a product that takes one core about ten milliseconds."""


class BlasThreads:
    """A block in which products with fewer than 5e8 multiplications stay in one thread; larger ones get what NumPy would use.

        >>> with BlasThreads(1000 * 1000 * 128):
        ...     similarity = a @ b.T

    The helpers of OpenBLAS spin for a while after each product, waiting for the next. On a computer that has other work, that
    costs more than they saved. The number belongs to the process: blocks that overlap in several threads share it, and the
    last one to end puts it back.
    """

    _lock = threading.Lock()
    _users = 0
    _limit: Any = None

    def __init__(self, multiplications: float) -> None:
        self._limited = multiplications < _WORTH_THREADS

    def __enter__(self) -> None:
        if not self._limited:
            return
        with BlasThreads._lock:
            if BlasThreads._users == 0:
                BlasThreads._limit = _blas().limit(limits=1)
            BlasThreads._users += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._limited:
            return
        with BlasThreads._lock:
            BlasThreads._users -= 1
            if BlasThreads._users == 0:
                BlasThreads._limit.restore_original_limits()


@lru_cache(maxsize=1)
def _blas() -> Any:
    """Looks through all loaded libraries, which takes milliseconds: once."""
    return threadpoolctl.ThreadpoolController().select(user_api="blas")
