"""Scores on the scale of another network."""

import numpy as np
import pytest
import torch

from superpoint_ros.errors import DataError
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.models import shipped_models
from superpoint_ros.features.weights import load_weights, save_weights
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.calibration import write_calibrated

THRESHOLD = 0.02


@pytest.fixture(scope="module")
def images():
    return [SimulatedSequence(frames=3, seed=seed, size=(320, 240)).frame(0).image for seed in range(3)]


@pytest.fixture(scope="module")
def faint(tmp_path_factory):
    """The shipped small network with scores that fell, as they do while it trains."""
    return with_bias(tmp_path_factory.mktemp("weights") / "faint.safetensors", np.log(4.0))


def with_bias(path, shift):
    """The shipped small network with another bias of "no keypoint"."""
    small = load_weights(shipped_models()["small"])
    tensors = {**small.tensors, "convPb.bias": small.tensors["convPb.bias"] + torch.eye(65)[64] * shift}
    save_weights(path, tensors, small.architecture, path.stem, licence="MIT", training="of a test")
    return path


def test_scores_that_fell_come_back(faint, images, tmp_path):
    path = tmp_path / "calibrated.safetensors"
    found = write_calibrated(path, str(faint), "small", images, THRESHOLD)
    assert found.before < 0.8 * found.wanted
    assert found.after == pytest.approx(found.wanted, rel=0.02)
    assert found.factor == pytest.approx(4.0, rel=0.1)
    counted = [len(SuperPoint.load(str(path), max_keypoints=20000).extract(image)) for image in images]
    assert np.mean(counted) == pytest.approx(found.after, rel=0.01)
    before, after = load_weights(faint), load_weights(path)
    assert (after.name, after.metadata["licence"]) == ("faint", "MIT")
    assert after.metadata["training"].startswith("of a test; scores ")
    changed = [name for name in before.tensors if not torch.equal(before.tensors[name], after.tensors[name])]
    assert changed == ["convPb.bias"]
    assert torch.equal(before.tensors["convPb.bias"][:64], after.tensors["convPb.bias"][:64])


def test_images_without_keypoints_are_refused(faint, tmp_path):
    blank = [np.full((120, 160), 128, np.uint8)]
    with pytest.raises(DataError, match=r"small finds no keypoint above 0\.02 on these images"):
        write_calibrated(tmp_path / "none.safetensors", str(faint), "small", blank, THRESHOLD)
    assert not list(tmp_path.iterdir())


def test_a_network_that_finds_nothing_is_refused(images, tmp_path):
    blind = with_bias(tmp_path / "blind.safetensors", 100.0)
    with pytest.raises(DataError, match=r"blind\.safetensors finds 0 keypoints on these images, small "):
        write_calibrated(tmp_path / "none.safetensors", str(blind), "small", images, THRESHOLD)
