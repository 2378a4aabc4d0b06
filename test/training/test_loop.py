"""The training loop: it learns, it goes on where it was whatever stopped it, and two processes take the steps of one."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import small_run
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from superpoint_ros.errors import ConfigError, DataError, DeviceError
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training import parallel
from superpoint_ros.training.checkpoint import load_network
from superpoint_ros.training.loop import train
from superpoint_ros.training.parallel import share_batch_norm


@pytest.fixture
def one_thread():
    """Sums of floats depend on how many threads share them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run_here(folder, steps=small_run.STEPS, batch_norm=True, **settings):
    config = small_run.settings(steps=steps, **settings)
    stage = small_run.stage(config, batch_norm)
    train(stage, config, folder)
    return stage.network


def run_elsewhere(folder, processes=1, batch_norm=True, descriptor_loss="contrastive", precision="32-true"):
    arguments = (sys.executable, small_run.__file__, folder, str(processes), str(int(batch_norm)), descriptor_loss, precision)
    return subprocess.Popen(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"})


def rows(folder, name="log.csv"):
    with (folder / name).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def column(folder, name):
    return np.array([row[name] for row in rows(folder)])


def test_killed_run_goes_on_to_the_same_figures_and_weights(tmp_path, one_thread):
    draws = {"descriptor_loss": "sampled_hinge"}  # so that the state of the random numbers matters
    whole = run_here(tmp_path / "whole", **draws)
    rng = random.Random()
    process = run_elsewhere(tmp_path / "killed", **draws)
    log = tmp_path / "killed" / "log.csv"
    enough = rng.randint(3, small_run.STEPS // 2)
    end = time.monotonic() + 280
    while not (log.exists() and log.read_text().count("\n") > enough):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.001)
    time.sleep(rng.uniform(0.0, 0.03))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    resumed = run_here(tmp_path / "killed", **draws)
    assert (tmp_path / "killed/log.csv").read_text() == (tmp_path / "whole/log.csv").read_text()
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize(
    ("batch_norm", "precision"),
    [
        (False, "32-true"),
        # In the layout of a CPU, the gradients of torch's batch norm are off by 3e-4 in single precision.
        (True, "64-true"),
    ],
)
def test_two_processes_take_the_steps_of_one_with_the_whole_batch(tmp_path, one_thread, batch_norm, precision):
    settings = {"batch_norm": batch_norm, "precision": precision}
    assert run_elsewhere(tmp_path / "two", processes=2, **settings).wait(timeout=280) == 0
    run_here(tmp_path / "one", **settings)
    assert len(rows(tmp_path / "two")) == small_run.STEPS
    one, two = ({name: column(tmp_path / run, name) for name in ("loss", "gradient_norm")} for run in ("one", "two"))
    assert np.allclose(two["loss"], one["loss"], rtol=1e-4)
    assert np.allclose(two["loss"][0], one["loss"][0], rtol=2e-5)
    assert np.allclose(two["gradient_norm"][0], one["gradient_norm"][0], rtol=1e-3)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_batch_norm_of_several_processes_starts_with_the_statistics_it_has(monkeypatch, device):
    network = SuperPointNet(small_run.TINY, batch_norm=True)
    network(torch.rand(2, 1, 48, 64))
    before = network.state_dict()
    monkeypatch.setattr(parallel, "world_size", lambda: 2)
    share_batch_norm(network, torch.device(device))
    assert not any(type(module) is torch.nn.BatchNorm2d for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_rows_written_after_the_checkpoint_come_once(tmp_path, one_thread):
    run_here(tmp_path / "whole")
    run_here(tmp_path / "parts")
    log, checkpoint = tmp_path / "parts/log.csv", tmp_path / "parts/checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    checkpoint.unlink()
    log.write_text(log.read_text() + "41,0.5")  # killed while it wrote
    run_here(tmp_path / "parts")
    assert log.read_text() == (tmp_path / "whole/log.csv").read_text()
    assert state["step"] == small_run.STEPS


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_it_learns_and_keeps_whole_weights(tmp_path, precision):
    config = small_run.settings(steps=60, learning_rate=2e-2, precision=precision)
    stage = small_run.stage(config)
    train(stage, config, tmp_path)
    losses = column(tmp_path, "loss")
    assert losses[-10:].mean() < 0.85 * losses[:5].mean()
    assert {value.dtype for value in stage.network.parameters()} == {torch.float32}


def test_board_has_curves_and_pictures_and_the_validation_starts_at_step_0(tmp_path):
    config = small_run.settings(steps=20)
    photo = SimulatedSequence(frames=3, seed=1, size=(160, 120)).frame(0).image
    train(replace(small_run.stage(config), validation=[photo]), config, tmp_path)
    assert [row["step"] for row in rows(tmp_path, "validation.csv")] == [0, 10, 20]
    assert all(0.0 <= row["repeatability"] <= 1.0 for row in rows(tmp_path, "validation.csv"))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {"training/loss", "training/learning_rate", "validation/repeatability"} <= set(events.Tags()["scalars"])
    assert len(events.Scalars("training/loss")) == 20
    picture = events.Images("keypoints")[0]
    assert (picture.width, picture.height) == (2 * 160, 2 * 120)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 2e-3}, "optimizer.learning_rate: 0.001 → 0.002"),
        ({"steps": 9, "batch": 8}, "optimizer.steps: 4 → 9; pairs.batch: 4 → 8"),
    ],
)
def test_folder_of_a_run_with_other_settings_is_refused(tmp_path, change, message):
    run_here(tmp_path, steps=4)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(ConfigError, match=message):
        run_here(tmp_path, **{"steps": 4, **change})
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_folder_of_a_run_with_other_data_is_refused(tmp_path):
    config = small_run.settings(steps=2)
    train(replace(small_run.stage(config), data={"images": 7}), config, tmp_path)
    with pytest.raises(ConfigError, match="images: 7 → 8"):
        train(replace(small_run.stage(config), data={"images": 8}), config, tmp_path)


def test_folder_with_a_strange_checkpoint_is_refused(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"no config.yaml and run.json"):
        run_here(tmp_path)
    with pytest.raises(DataError, match="damaged"):
        load_network(tmp_path)


def test_divergence_ends_the_run_and_keeps_the_checkpoint_from_before(tmp_path):
    config = small_run.settings(steps=20)
    config = config.model_copy(update={"log": config.log.model_copy(update={"checkpoint_seconds": 0.0})})
    stage = small_run.stage(config)
    calls = []

    def losses(network, batch):
        calls.append(None)
        figures = stage.losses(network, batch)
        return {"loss": figures["loss"] * (float("nan") if len(calls) == 8 else 1.0)}

    with pytest.raises(DataError, match="diverged between steps 7 and 8"):
        train(replace(stage, losses=losses), config, tmp_path)
    assert rows(tmp_path)[-1]["step"] == 7
    assert all(torch.isfinite(value).all() for value in load_network(tmp_path).state_dict().values())


@pytest.mark.parametrize(
    ("machine", "error", "message"),
    [
        ({"accelerator": "mps"}, DeviceError, "mps"),
        ({"precision": "16-mixed"}, ConfigError, "needs a GPU"),
    ],
)
def test_what_the_machine_cannot_do_is_said(tmp_path, machine, error, message):
    config = small_run.settings(steps=2)
    config = config.model_copy(update={"machine": config.machine.model_copy(update=machine)})
    with pytest.raises(error, match=message):
        train(small_run.stage(config), config, tmp_path)
    assert not list(tmp_path.iterdir())
