"""Child processes that never outlive their parent's block, whatever ends it."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from superpoint_ros.errors import SuperPointRosError
from superpoint_ros.io.shipped import shipped_file

PROFILE = "config/fastdds_large_messages.xml"
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""Since Fast DDS 3, and before."""
TAIL_LINES = 8
PATIENCE = 5.0
"""Seconds that a process has to end after each signal."""


class ProcessError(SuperPointRosError):
    """A process ended that should have gone on; the message has the last lines of its log."""


@dataclass
class Processes:
    """A context in which processes run. Each writes a log file; all are ended when the block is left."""

    folder: Path
    environment: dict[str, str]
    _running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end_all()

    def start_module(self, name: str, module: str, arguments: Sequence[str], read_output: bool = False) -> subprocess.Popen[str]:
        """Start ``python -m module``. read_output: stdout is a pipe for the caller, else it goes into the log as well."""
        with self.log(name).open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if read_output else log,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the children in order
            )
        self._running[name] = process
        return process

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / f"{name}.log"

    def alive(self, name: str) -> bool:
        """Whether a process still runs."""
        return self._running[name].poll() is None

    def check(self, names: Sequence[str]) -> None:
        """Raise ProcessError where one of these processes has ended."""
        for name in names:
            if not self.alive(name):
                raise self.death(name)

    def death(self, name: str) -> ProcessError:
        """What there is to say about a process that has ended."""
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        tail = " | ".join(line.strip() for line in lines[-TAIL_LINES:] if line.strip()) or "its log is empty"
        return ProcessError(f"{name} ended with status {self._running[name].wait()}: {tail} (log: {self.log(name)})")

    def end_all(self) -> None:
        """SIGINT, then SIGTERM, then SIGKILL, each to whatever still runs."""
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            alive = [process for process in self._running.values() if process.poll() is None]
            for process in alive:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, how)
            for process in alive:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
        for process in self._running.values():
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that what it started is ended, too; `nohup` still works."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def loopback_environment() -> dict[str, str]:
    """The environment of this process, with ROS kept on this machine and in a domain that nobody else is in.

    Colour images outgrow what Fast DDS has for messages by default, and get lost: it is given our profile, if it has none.
    """
    profile = dict.fromkeys(PROFILE_VARIABLES, str(shipped_file(PROFILE)))
    own = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DOMAIN_ID": str(free_domain()), "PYTHONUNBUFFERED": "1"}
    return {**profile, **os.environ, **own}


def free_domain() -> int:
    """A ROS_DOMAIN_ID whose first discovery port is free (DDS-RTPS 9.6.1.1: 7400 + 250 domain + 10).

    Above 101 the ports would reach into those that Linux gives to outgoing connections. The order is random, so that two demos
    that start at once don't choose the same one.
    """
    for domain in random.sample(range(1, 102), 101):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10))
            except OSError:
                continue
            return domain
    raise ProcessError("all ROS domains from 1 to 101 are in use on this machine: end some ROS programs")
