"""How many threads a network gets on the CPU."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_threads() -> int:
    """What ``OMP_NUM_THREADS`` says, else the physical cores that this process may use.

    Two threads on one core share its vector units, so convolutions gain nothing from hyper-threads. PyTorch counts the same
    way by itself, and keeps what ``torch.set_num_threads`` said.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else _physical_cores()


def threads_may_spin() -> bool:
    """Whether idle threads wait busily: only if ``OMP_WAIT_POLICY`` asks for it, as other nodes want these cores, too."""
    return os.environ.get("OMP_WAIT_POLICY", "").upper() == "ACTIVE"


def _physical_cores() -> int:
    if not hasattr(os, "sched_getaffinity"):  # not Linux
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    try:
        siblings = {Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text() for cpu in allowed}
    except OSError:
        return len(allowed)
    return len(siblings)
