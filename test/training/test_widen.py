"""Widening keeps what was learned."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from superpoint_ros.errors import ConfigError
from superpoint_ros.features.network import ARCHITECTURES, Architecture, SuperPointNet
from superpoint_ros.training.widen import widen

NARROW = Architecture(encoder=(4, 8, 8, 16), head=16, descriptor=8)
WIDE = Architecture(encoder=(8, 8, 16, 24), head=32, descriptor=16)


def trained(architecture: Architecture) -> SuperPointNet:
    """A network whose batch norms have seen images, and whose every weight matters."""
    torch.manual_seed(1)
    network = SuperPointNet(architecture, batch_norm=True)
    for _ in range(3):
        network(torch.rand(2, 1, 48, 64))
    return network.eval()


@pytest.mark.parametrize("skip", [False, True])
def test_the_wide_network_computes_what_the_narrow_one_did(skip: bool) -> None:
    narrow = trained(replace(NARROW, skip=skip))
    wide = widen(narrow, replace(WIDE, skip=skip)).eval()
    image = torch.rand(1, 1, 64, 80)
    logits, raw = narrow(image)
    wide_logits, wide_raw = wide(image)
    torch.testing.assert_close(wide_logits, logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(wide_raw[:, :8], raw, rtol=1e-4, atol=1e-5)
    similarity = F.cosine_similarity(wide_raw, F.pad(raw, (0, 0, 0, 0, 0, 8)), dim=1)
    assert similarity.min() > 0.98


def test_every_new_filter_learns_after_the_first_step() -> None:
    wide = widen(trained(NARROW), WIDE).train()
    optimizer = torch.optim.SGD(wide.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        logits, raw = wide(torch.rand(2, 1, 64, 80))
        first, second = F.normalize(raw, dim=1)
        (logits.square().mean() + (first * second).sum()).backward()
        optimizer.step()
    for name in ("convPb", "convDb", "convPa", "convDa", "conv4b", "conv2a"):
        gradient = wide.get_parameter(f"{name}.weight").grad
        assert gradient is not None and (gradient.flatten(1).abs().sum(1) > 0).all(), name


def test_a_skip_that_the_wide_one_lacks_is_left_out() -> None:
    wide = widen(trained(replace(NARROW, skip=True)), WIDE)
    assert not any("convSa" in name for name in wide.state_dict())


def test_narrower_is_refused() -> None:
    with pytest.raises(ConfigError, match="narrower"):
        widen(trained(WIDE), NARROW)


def test_small_widens_into_full() -> None:
    small = trained(ARCHITECTURES["small"])
    assert widen(small, ARCHITECTURES["full"]).architecture == ARCHITECTURES["full"]
