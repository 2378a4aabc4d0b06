"""Joint training with each of the descriptor losses."""

import pytest
import torch

from superpoint_ros.features.network import Architecture, SuperPointNet
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.batches import BatchStream
from superpoint_ros.training.config import LossConfig, PairConfig
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, label, shi_tomasi_detector
from superpoint_ros.training.pairs import LabelledImage, PairSampler
from superpoint_ros.training.superpoint import superpoint_losses

TINY = Architecture(encoder=(4, 4, 8, 8), head=16, descriptor=16)


@pytest.fixture(scope="module")
def batch():
    image = SimulatedSequence(frames=10, seed=5, noise=0).frame(0).image
    labelled = LabelledImage(image, label(shi_tomasi_detector, image, AdaptationConfig(warps=4)))
    return next(iter(BatchStream(PairSampler([labelled], PairConfig(height=96, width=128)), batch=3, seed=1)))


@pytest.mark.parametrize("name", ["contrastive", "hinge", "sampled_hinge"])
def test_every_loss_falls_and_tells_what_belongs_together(batch, name):
    torch.manual_seed(0)
    network = SuperPointNet(TINY, batch_norm=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    figures = []
    for _ in range(40):
        figures.append(superpoint_losses(network, batch, LossConfig(descriptor_loss=name)))
        optimizer.zero_grad()
        figures[-1]["loss"].backward()
        optimizer.step()
    first, last = figures[0], figures[-1]
    assert last["detector"] < first["detector"]
    assert last["descriptor"] < first["descriptor"]
    weighted = last["detector"] + 0.5 * last["descriptor"] + 0.5 * last["distance"]
    assert last["loss"].item() == pytest.approx(weighted.item(), rel=1e-5)
    gap = [figure["positive_similarity"] - figure["negative_similarity"] for figure in (first, last)]
    assert gap[1] > gap[0] + 0.05
