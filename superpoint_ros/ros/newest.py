"""A short mailbox and the thread that empties it: the newest items win, whatever they replace is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestWorker(Generic[T]):
    """Calls ``work(item)`` in one thread of its own, with the newest ``depth`` items that were ``put``, in their order.

    ROS callbacks only ``put``, so that parameters and services stay alive while the network runs, and a slow machine sees
    fewer frames instead of ever older ones. An exception that leaves ``work`` goes to ``on_error``; the thread lives on.
    """

    def __init__(self, work: Callable[[T], None], on_error: Callable[[Exception], None], depth: int = 1) -> None:
        self._work = work
        self._on_error = on_error
        self._wake = threading.Condition()
        self._items: deque[T] = deque(maxlen=depth)
        self._closed = False
        self._received = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    @property
    def received(self) -> int:
        """How many items were put."""
        return self._received

    @property
    def dropped(self) -> int:
        """How many of them were replaced by a newer one before anybody looked at them."""
        return self._dropped

    def put(self, item: T) -> None:
        """Leave an item; never blocks for longer than an assignment takes."""
        with self._wake:
            self._received += 1
            self._dropped += len(self._items) == self._items.maxlen
            self._items.append(item)
            self._wake.notify()

    def close(self, timeout: float = 5.0) -> None:
        """Forget the waiting items, let the running one finish and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._items or self._closed)
                if self._closed:
                    return
                item = self._items.popleft()
            try:
                self._work(item)
            except Exception as error:
                self._on_error(error)
