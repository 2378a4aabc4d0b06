"""Short mailboxes and the thread that empties them: the newest items win, whatever they replace is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest ``depth`` items that were ``put`` until the worker takes them, in their order."""

    def __init__(self, wake: threading.Condition, depth: int) -> None:
        self._wake = wake
        self._items: deque[T] = deque(maxlen=depth)
        self._received = 0
        self._dropped = 0

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

    def take(self) -> list[T]:
        """The oldest item alone, or nothing. For the worker, which holds the lock."""
        return [self._items.popleft()] if self._items else []


class NewestWorker(Generic[T]):
    """Calls ``work(items)`` in one thread of its own, with one item of each mailbox that has any.

    ROS callbacks only ``put``, so that parameters and services stay alive while the network runs, and a slow machine sees
    fewer frames instead of ever older ones. A mailbox that stays empty is not waited for. An exception that leaves ``work`` goes
    to ``on_error``; the thread lives on.
    """

    def __init__(self, work: Callable[[list[T]], None], on_error: Callable[[Exception], None]) -> None:
        self._work = work
        self._on_error = on_error
        self._wake = threading.Condition()
        self._mailboxes: list[Mailbox[T]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def mailbox(self, depth: int = 1) -> Mailbox[T]:
        """One more of them. depth: how many items may wait in it."""
        mailbox: Mailbox[T] = Mailbox(self._wake, depth)
        with self._wake:
            self._mailboxes.append(mailbox)
        return mailbox

    def close(self, timeout: float = 5.0) -> None:
        """Forget the waiting items, let the running ones finish and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            items = self._wait()
            if not items:
                return
            try:
                self._work(items)
            except Exception as error:
                self._on_error(error)

    def _wait(self) -> list[T]:
        """For items; nothing when the end has come."""
        with self._wake:
            while not self._closed:
                if items := [item for mailbox in self._mailboxes for item in mailbox.take()]:
                    return items
                self._wake.wait()
        return []
