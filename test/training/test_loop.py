"""The training loop: it learns, and it resumes where it was."""

import pytest
import torch

from superpoint_ros.errors import DataError
from superpoint_ros.features.network import ARCHITECTURES, Architecture, SuperPointNet
from superpoint_ros.training.loop import LoopConfig, train
from superpoint_ros.training.magicpoint import MagicPointConfig, ShapesDataset, magicpoint_losses

TINY = Architecture(encoder=(4, 4, 8, 8), head=16, descriptor=8)
DATA = MagicPointConfig(height=48, width=64, batch=4)


def tiny_network():
    torch.manual_seed(0)
    return SuperPointNet(TINY, batch_norm=True)


def run(folder, until, steps=12, learning_rate=1e-3):
    network = tiny_network()

    def batches(start):
        for step, batch in enumerate(ShapesDataset(DATA, start), start):
            if step == until:
                return
            yield batch

    train(network, batches, magicpoint_losses, folder, LoopConfig(steps, learning_rate, checkpoint_seconds=0.0, log_every=1))
    return network.state_dict()


def test_interrupted_run_ends_with_the_same_weights(tmp_path):
    whole = run(tmp_path / "whole", until=12)
    run(tmp_path / "parts", until=5)
    resumed = run(tmp_path / "parts", until=12)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert (tmp_path / "whole/log.csv").read_text() == (tmp_path / "parts/log.csv").read_text()


def test_checkpoint_of_another_network_is_refused(tmp_path):
    run(tmp_path, until=2)
    with pytest.raises(DataError, match="another run"):
        train(
            SuperPointNet(ARCHITECTURES["small"], batch_norm=True),
            lambda start: iter(ShapesDataset(DATA, start)),
            magicpoint_losses,
            tmp_path,
            LoopConfig(3, 1e-3),
        )


def test_magicpoint_learns(tmp_path):
    run(tmp_path, until=60, steps=60, learning_rate=2e-2)
    rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    losses = [float(row[1]) for row in rows]
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])
