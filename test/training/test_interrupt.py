"""A run that is stopped, killed or started twice: real processes, which a signal reaches with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import small_run
import torch
import yaml

from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.training.batches import Batch
from superpoint_ros.training.interrupt import StopRequest, TrainingStopped
from superpoint_ros.training.loop import Losses, Network, train
from superpoint_ros.training.run_folder import LOCK, locked

STEPS, EVERY = 4000, 5
"""More steps than any test waits for, however slowly its processes start."""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Of a run with rare checkpoints, so that only one made on request can be there."""
    path = tmp_path / "settings.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "optimizer": {"steps": STEPS},
                "log": {"every": EVERY, "validation_images": 0, "checkpoint_seconds": 1e6},
                "machine": {"accelerator": "cpu", "workers": 1},
                "shapes": {"height": 48, "width": 64, "batch": 2},
            }
        )
    )
    return path


def start(settings: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "superpoint_ros.cli.main", "train", "magicpoint", "--config", str(settings)]
    return subprocess.Popen(
        [*command, "-o", str(folder), *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(process: subprocess.Popen[str], folder: Path, rows: int) -> None:
    end = time.monotonic() + 280
    log = folder / "log.csv"
    while not (log.exists() and log.read_text().count("\n") > rows):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def signal_all(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    """As a terminal sends Ctrl-C: to the process, and to all that it has started. Returns what was printed."""
    os.killpg(process.pid, number)
    return process.communicate(timeout=280)


def saved_step(folder: Path) -> int:
    return int(torch.load(folder / "checkpoint.pt", weights_only=True)["step"])


def logged_steps(folder: Path) -> list[int]:
    return [int(line.partition(",")[0]) for line in (folder / "log.csv").read_text().splitlines()[1:]]


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_the_run_with_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, settings: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    process = start(settings, folder)
    wait_for_rows(process, folder, 1)
    out, errors = signal_all(process, number)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    step = saved_step(folder)
    assert EVERY <= step < STEPS
    assert out.strip() == (
        f"stopped after step {step} of {STEPS}, which is in the checkpoint in {folder}; the same command goes on from there"
    )
    rows = logged_steps(folder)
    assert rows[-1] == step and rows[:-1] == list(range(EVERY, step, EVERY))


def test_several_processes_stop_after_the_same_step_whichever_is_told(tmp_path: Path, settings: Path) -> None:
    folder = tmp_path / "run"
    process = start(settings, folder, "--devices", "2")
    wait_for_rows(process, folder, 1)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    second = next(pid for pid in children if "LOCAL_RANK=1" in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    os.kill(int(second), signal.SIGTERM)
    out, errors = process.communicate(timeout=280)
    assert process.returncode == 130, errors
    step = saved_step(folder)
    assert step % EVERY == 0 and 0 < step < STEPS
    assert out.count("stopped after step") == 1


def test_a_run_that_stopped_between_two_rows_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums of floats depend on how many threads share them
    config = small_run.settings(steps=12)
    config = config.model_copy(update={"log": config.log.model_copy(update={"every": 3, "checkpoint_seconds": 1e6})})
    whole, stopped, resumed = (small_run.stage(config) for _ in range(3))
    train(whole, config, tmp_path / "whole")
    calls: list[int] = []

    def losses(network: Network, batch: Batch) -> Losses:
        calls.append(len(calls) + 1)
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return stopped.losses(network, batch)

    with pytest.raises(TrainingStopped, match="stopped after step 5 of 12"):
        train(replace(stopped, losses=losses), config, tmp_path / "parts")
    assert saved_step(tmp_path / "parts") == len(calls) == 5
    train(resumed, config, tmp_path / "parts")
    torch.set_num_threads(threads)
    state = resumed.network.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.network.state_dict().items())
    assert logged_steps(tmp_path / "parts") == [3, 5, 6, 9, 12]


def test_the_second_signal_is_not_waited_for() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background has it ignored
    with StopRequest() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_folder_has_one_run_at_a_time_until_its_process_is_gone(tmp_path: Path, settings: Path) -> None:
    folder = tmp_path / "run"
    process = start(settings, folder)
    wait_for_rows(process, folder, 1)
    log = (folder / "log.csv").read_text()
    second = start(settings, folder)
    _, errors = second.communicate(timeout=280)
    assert second.returncode == 2
    assert errors.strip() == (f"error: another process is training in {folder}: wait until it ends, or choose another folder")
    assert process.poll() is None and (folder / "log.csv").read_text().startswith(log)
    process.kill()
    process.communicate()
    with locked(folder) as alone:
        assert alone
        with locked(folder) as again:
            assert not again


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file"), locked(tmp_path / "file"):
        raise ConfigError("not reached")
    assert not (tmp_path / LOCK).exists()
