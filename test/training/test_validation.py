"""Repeatability while training: of a network that finds nothing, and what is held out."""

import torch

from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import Architecture, SuperPointNet
from superpoint_ros.features.weights import load_weights
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.validation import example_picture, held_out, measure, random_views


def test_trained_network_repeats_more_than_a_random_one():
    photos = [SimulatedSequence(frames=3, seed=seed, size=(320, 240)).frame(0).image for seed in (1, 2)]
    views = random_views(photos, seed=0)
    torch.manual_seed(0)
    untrained = SuperPointNet(Architecture((4, 4, 8, 8), head=16, descriptor=8), batch_norm=True).train()
    before = {name: value.clone() for name, value in untrained.state_dict().items()}
    weights = load_weights(weights_path("small"))
    trained = SuperPointNet(weights.architecture)
    trained.load_state_dict(weights.tensors)
    found = [measure(network, views) for network in (untrained, trained)]
    assert found[1]["repeatability"] > found[0]["repeatability"] + 0.1
    assert found[1]["localization_error"] < found[0]["localization_error"]
    assert untrained.training
    assert all(torch.equal(value, before[name]) for name, value in untrained.state_dict().items())
    assert example_picture(trained, views[0]).shape == (480, 640, 3)


def test_same_seed_gives_the_same_views():
    photo = SimulatedSequence(frames=3, seed=1, size=(320, 240)).frame(0).image
    first, again, other = (random_views([photo], seed)[0] for seed in (0, 0, 1))
    assert (first.warped == again.warped).all()
    assert (first.warped != other.warped).any()


def test_a_tenth_is_held_out_at_most():
    assert held_out(1000, 4) == [125, 375, 625, 875]
    assert len(held_out(35, 8)) == 3
    assert held_out(9, 8) == []
