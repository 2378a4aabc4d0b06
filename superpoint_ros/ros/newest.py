"""A mailbox of depth one and the thread that empties it: the newest item wins, whatever it replaces is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestWorker(Generic[T]):
    """Calls ``work(item)`` in one thread of its own, always with the newest item that was ``put``.

    ROS callbacks only ``put``, so that parameters and services stay alive while the network runs, and a slow machine sees
    fewer frames instead of ever older ones. An exception that leaves ``work`` goes to ``on_error``; the thread lives on.
    """

    def __init__(self, work: Callable[[T], None], on_error: Callable[[Exception], None], name: str = "worker") -> None:
        self._work = work
        self._on_error = on_error
        self._wake = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._received = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
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
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._wake.notify()

    def close(self, timeout: float = 5.0) -> None:
        """Forget the waiting item, let the running one finish and end the thread."""
        with self._wake:
            self._closed = True
            self._item = None
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._item is not None or self._closed)
                item, self._item = self._item, None
                if self._closed:
                    return
            assert item is not None
            try:
                self._work(item)
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence is worse than any error
                self._on_error(error)
