"""The paper's descriptor loss, against loops over its equations."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from superpoint_ros.simulation.homography import HomographyRange, random_homography
from superpoint_ros.training.hinge_loss import CellPairs, Hinge, dense_hinge_loss, sampled_hinge_loss

ROWS, COLUMNS, SIZE, BATCH = 4, 5, 6, 3
HINGE = Hinge(positive_weight=7.0)


def by_loops(first, second, homography, first_valid, second_valid, hinge):
    """Equations 4 to 6 as they stand; returns the loss and the mean similarity of those that correspond and those that don't."""
    total, pairs, similar, different = 0.0, 0, [], []
    for b in range(len(first)):
        for h, w in np.ndindex(ROWS, COLUMNS):
            x, y, z = homography[b] @ [8 * w + 3.5, 8 * h + 3.5, 1.0]
            d = first[b, :, h, w] / np.linalg.norm(first[b, :, h, w])
            for i, j in np.ndindex(ROWS, COLUMNS):
                if not first_valid[b, h, w] or not second_valid[b, i, j]:
                    continue
                e = second[b, :, i, j] / np.linalg.norm(second[b, :, i, j])
                distance = np.hypot(x / z - (8 * j + 3.5), y / z - (8 * i + 3.5))
                pairs += 1
                if z > 0 and distance <= 8:
                    total += hinge.positive_weight * max(0.0, hinge.positive_margin - d @ e)
                    similar.append(d @ e)
                else:
                    total += max(0.0, d @ e - hinge.negative_margin)
                    different.append(d @ e)
    return total / pairs, np.mean(similar), np.mean(different)


@pytest.fixture
def images():
    """Raw descriptors, homographies (one of them turns half of the image behind the camera) and valid cells."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, BATCH, SIZE, ROWS, COLUMNS)) * 3
    spread = HomographyRange(rotation=30.0, scale=1.3, perspective=0.1, translation=0.2)
    homography = np.stack([random_homography(rng, 8 * ROWS, 8 * COLUMNS, spread) for _ in range(BATCH)])
    homography[1] = [[1, 0, 0], [0, 1, 0], [-0.05, 0, 1]]
    first_valid, second_valid = rng.random((2, BATCH, ROWS, COLUMNS)) < 0.8
    return first, second, homography, first_valid, second_valid


def cells(first, second, *rest):
    return CellPairs.of(
        *(torch.from_numpy(raw).float().requires_grad_() for raw in (first, second)), *map(torch.from_numpy, rest)
    )


def all_cells(first, second, homography):
    everything = torch.ones_like(first[:, 0], dtype=torch.bool)
    return CellPairs.of(first, second, homography, everything, everything)


@pytest.mark.parametrize("hinge", [Hinge(), HINGE, Hinge(0.6, -0.1, 3.0)])
def test_dense_loss_is_that_of_the_equations(images, hinge):
    expected = by_loops(*images, hinge)
    found = dense_hinge_loss(cells(*images), hinge)
    assert (found.loss.item(), found.positive_similarity.item(), found.negative_similarity.item()) == pytest.approx(
        expected, rel=1e-4
    )


def test_margins_and_weight_are_those_of_the_paper():
    assert Hinge() == Hinge(positive_margin=1.0, negative_margin=0.2, positive_weight=250.0)


def test_neighbours_at_eight_pixels_correspond():
    """Without motion a cell in the middle of 3x3 corresponds to itself and the four beside it, at exactly 8 pixels."""
    raw = torch.zeros(1, 9, 3, 3)
    raw[0, range(9), [0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2] * 3] = 1.0
    found = dense_hinge_loss(all_cells(raw, raw, torch.eye(3)[None]))
    corresponding = 9 + 2 * 12
    assert found.positive_similarity.item() == pytest.approx(9 / corresponding)
    assert found.negative_similarity.item() == 0.0
    assert found.loss.item() == pytest.approx(250 * 24 / 81)


@pytest.mark.parametrize("loss", [dense_hinge_loss, lambda pairs: sampled_hinge_loss(pairs, 50, 10)])
def test_invalid_cells_have_no_influence_and_no_gradient(images, loss):
    first, second, homography, *valid = images
    raw = [torch.from_numpy(image).float().requires_grad_() for image in (first, second)]
    loss(CellPairs.of(*raw, *map(torch.from_numpy, (homography, *valid)))).loss.backward()
    for image, mask in zip(raw, map(torch.from_numpy, valid), strict=True):
        per_cell = image.grad.abs().sum(dim=1)
        assert (per_cell[~mask] == 0).all()
        assert (per_cell[mask] > 0).any()
    nothing = np.zeros_like(valid[0])
    assert loss(cells(first, second, homography, nothing, valid[1])).loss.item() == 0.0


def test_gradient_agrees_with_finite_differences(images):
    pairs = cells(*images)
    leaf = pairs.first.double().requires_grad_()

    def loss(first):
        return dense_hinge_loss(replace(pairs, first=first, second=pairs.second.double()), HINGE).loss

    assert torch.autograd.gradcheck(loss, (leaf,))


def test_sampled_loss_estimates_the_dense_one(images):
    torch.manual_seed(0)
    dense = dense_hinge_loss(cells(*images), HINGE)
    pairs = cells(*images)
    draws = [sampled_hinge_loss(pairs, 40, 15, HINGE) for _ in range(300)]
    for name in ("loss", "positive_similarity", "negative_similarity"):
        values = torch.stack([getattr(draw, name) for draw in draws]).detach()
        expected = getattr(dense, name).item()
        assert values.std() > 0
        assert values.mean().item() == pytest.approx(expected, abs=4 * values.std().item() / 300**0.5)


def test_sampled_loss_with_every_pair_drawn_often_is_the_dense_one(images):
    torch.manual_seed(0)
    dense, sampled = dense_hinge_loss(cells(*images), HINGE), sampled_hinge_loss(cells(*images), 20000, 400, HINGE)
    assert sampled.loss.item() == pytest.approx(dense.loss.item(), rel=0.02)


@pytest.mark.parametrize("sampled", [False, True])
def test_descriptors_learn_to_correspond(sampled):
    """Free descriptors of two images under a known motion: similar where they correspond, different elsewhere."""
    torch.manual_seed(0)
    raw = torch.randn(2, 1, 32, 8, 10).requires_grad_()
    homography = torch.tensor([[[1.0, 0, 8], [0, 1, -8], [0, 0, 1]]])
    optimizer = torch.optim.Adam([raw], lr=0.1)
    found = []
    for _ in range(60):
        pairs = all_cells(raw[0], raw[1], homography)
        found.append(sampled_hinge_loss(pairs, 60, 40) if sampled else dense_hinge_loss(pairs))
        optimizer.zero_grad()
        found[-1].loss.backward()
        optimizer.step()
    assert found[-1].loss < 0.5 * found[0].loss
    assert found[-1].positive_similarity > 0.6 > 0.3 > found[-1].negative_similarity
