"""Children never outlive the block that started them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from superpoint_ros.demo.processes import ProcessError, Processes, free_domain


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Little programs to start with ``python -m``."""
    (tmp_path / "sleeper.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    (tmp_path / "stubborn.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    (tmp_path / "dies.py").write_text("import sys\nprint('loading')\nprint('no such camera', file=sys.stderr)\nsys.exit(3)\n")
    return tmp_path


def environment(modules: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(modules)}


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_children_end_with_the_block_even_when_it_raises(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superpoint_ros.demo.processes.PATIENCE", 0.5)
    children = []

    def fail() -> None:
        with Processes(modules, environment(modules)) as processes:
            children.extend(processes.start_module(name, name, []) for name in ("sleeper", "stubborn"))
            wait_until(lambda: all("up" in processes.log(name).read_text() for name in ("sleeper", "stubborn")))
            processes.check(["sleeper", "stubborn"])
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    assert children[0].returncode != 0
    assert children[1].returncode == -signal.SIGTERM
    assert all(gone(child.pid) for child in children)


def test_a_child_that_died_is_reported_with_the_end_of_its_log(modules: Path) -> None:
    with Processes(modules, environment(modules)) as processes:
        processes.start_module("dies", "dies", []).wait()
        with pytest.raises(ProcessError) as error:
            processes.check(["dies"])
    message = str(error.value)
    assert "status 3" in message
    assert "no such camera" in message
    assert "\n" not in message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_children_end_when_the_parent_is_told_to(modules: Path, number: signal.Signals) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from superpoint_ros.demo.processes import Processes, signals_as_exceptions\n"
        "with signals_as_exceptions(), Processes(Path(sys.argv[1]), dict(os.environ, PYTHONPATH=sys.argv[1])) as p:\n"
        "    child = p.start_module('sleeper', 'sleeper', [])\n    print(child.pid, flush=True)\n    child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(modules)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Where the tests run in the background, children inherit that the signal is ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: (modules / "sleeper.log").exists() and "up" in (modules / "sleeper.log").read_text())
    assert not gone(child)
    parent.send_signal(number)
    parent.wait(20)
    parent.stdout.close()
    wait_until(lambda: gone(child))


def test_the_domain_is_one_that_nobody_uses() -> None:
    for _ in range(5):
        domain = free_domain()
        assert 1 <= domain <= 101
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 7410 + 250 * domain))
            assert free_domain() != domain
