"""Training may start from weights whose batch norm is folded away."""

import torch

from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import load_weights
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.start import unfold_batch_norm


def test_network_with_batch_norm_computes_what_the_weights_do_also_while_it_trains():
    weights = load_weights(weights_path("small"))
    plain = SuperPointNet(weights.architecture)
    plain.load_state_dict(weights.tensors)
    frames = SimulatedSequence(frames=6, seed=0, size=(160, 120))
    images = torch.stack([torch.from_numpy(frame.image.copy())[None].float() / 255.0 for frame in frames])
    network = unfold_batch_norm(plain, images)
    with torch.no_grad():
        wanted, found = plain(images), network(images)
        assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in zip(wanted, found, strict=True))
        training = network.train()(images)
        assert all(torch.allclose(a, b, rtol=1e-2, atol=1e-2) for a, b in zip(wanted, training, strict=True))
    assert any(name.startswith("bn_") for name in network.state_dict())
