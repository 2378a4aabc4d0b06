"""What the CPU has for a network: threads and number formats."""

from __future__ import annotations

import os
import re
from pathlib import Path

from superpoint_ros.errors import DeviceError


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


def require_bfloat16() -> None:
    """Raise DeviceError where this CPU has no arithmetic for bfloat16: emulating it takes longer than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        flags = ""
    if not re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", flags):
        raise DeviceError("precision half: this CPU cannot compute in bfloat16; use precision float32")


def _physical_cores() -> int:
    if not hasattr(os, "sched_getaffinity"):  # not Linux
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    try:
        siblings = {Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text() for cpu in allowed}
    except OSError:
        return len(allowed)
    return len(siblings)
