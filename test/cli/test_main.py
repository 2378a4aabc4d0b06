"""The command as users start it: a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

import superpoint_ros

VERBS = ("demo", "extract", "match", "replay", "info")


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "superpoint_ros.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_error_is_one_line_on_stderr_and_status_2() -> None:
    result = start("extract", "there/is/no/such.png", "--model", "sift")
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: there/is/no/such.png does not exist")


def test_help_and_version_are_quick_and_need_no_torch() -> None:
    code = (
        "import sys; from superpoint_ros.cli.main import app\n"
        "try: app(['--version'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'cv2', 'rclpy', 'matplotlib', 'evo', 'h5py'} & set(sys.modules); assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == f"superpoint-ros {superpoint_ros.__version__}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example(run, verb: str) -> None:
    result = run(verb, "--help")
    assert result.status == 0
    assert f"superpoint-ros {verb}" in result.out


def test_a_usage_error_is_status_2(run) -> None:
    assert run("extract", "--max-keypoints", "many").status == 2
    assert run("dance").status == 2
