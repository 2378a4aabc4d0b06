"""The newest items win, and nothing that goes wrong ends the worker."""

from __future__ import annotations

import threading

import pytest

from superpoint_ros.ros.newest import NewestWorker


class Slow:
    """Work that waits until it is let go, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.together: list[int] = []
        self.started = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.errors: list[Exception] = []

    def __call__(self, items: list[int]) -> None:
        self.started.release()
        assert self.go.acquire(timeout=10)
        self.seen += items
        self.together.append(len(items))
        if items[0] < 0:
            raise ValueError(f"no {items[0]}")

    def let_go(self, times: int) -> None:
        for _ in range(times):
            self.go.release()


@pytest.mark.parametrize(("depth", "seen", "dropped"), [(1, [0, 9], 8), (3, [0, 7, 8, 9], 6), (100, list(range(10)), 0)])
def test_what_arrives_during_work_is_replaced_by_what_is_newer(depth: int, seen: list[int], dropped: int) -> None:
    work = Slow()
    worker = NewestWorker(work, work.errors.append)
    mailbox = worker.mailbox(depth)
    mailbox.put(0)
    assert work.started.acquire(timeout=10)
    for item in range(1, 10):
        mailbox.put(item)
    work.let_go(10)
    for _ in seen[1:]:
        assert work.started.acquire(timeout=10)
    worker.close()
    assert work.seen == seen
    assert (mailbox.received, mailbox.dropped) == (10, dropped)


def test_an_error_is_reported_and_the_next_item_is_processed() -> None:
    work = Slow()
    worker = NewestWorker(work, work.errors.append)
    mailbox = worker.mailbox(depth=2)
    work.let_go(2)
    mailbox.put(-1)
    assert work.started.acquire(timeout=10)
    mailbox.put(1)
    assert work.started.acquire(timeout=10)
    worker.close()
    assert work.seen == [-1, 1]
    assert [str(error) for error in work.errors] == ["no -1"]


def test_the_newest_of_each_mailbox_is_taken_at_once_and_an_empty_one_is_not_waited_for() -> None:
    work = Slow()
    worker = NewestWorker(work, work.errors.append)
    left, right, silent = (worker.mailbox() for _ in range(3))
    left.put(10)
    assert work.started.acquire(timeout=10)
    for item in (20, 21):
        right.put(item)
    left.put(11)
    work.let_go(3)
    assert work.started.acquire(timeout=10)
    left.put(12)
    assert work.started.acquire(timeout=10)
    worker.close()
    assert work.seen == [10, 11, 21, 12]
    assert work.together == [1, 2, 1]
    assert [(box.received, box.dropped) for box in (left, right, silent)] == [(3, 0), (2, 1), (0, 0)]


def test_close_finishes_the_running_item_and_forgets_the_waiting_one() -> None:
    work = Slow()
    worker = NewestWorker(work, work.errors.append)
    mailbox = worker.mailbox()
    mailbox.put(1)
    assert work.started.acquire(timeout=10)
    mailbox.put(2)
    work.let_go(1)
    worker.close()
    assert work.seen == [1]
