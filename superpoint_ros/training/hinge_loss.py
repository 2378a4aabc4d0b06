"""The paper's descriptor loss over all pairs of cells of two images, and its estimate from a sample of them.

DeTone et al., "SuperPoint", section 3.4. Cell i of the first image and cell j of the second correspond, s_ij = 1, where the
homography moves the centre of cell i to within 8 pixels of the centre of cell j (equation 4). Each pair costs

    l_ij = λ_d s_ij max(0, m_p - d_i·d_j) + (1 - s_ij) max(0, d_i·d_j - m_n)        (equation 6)

with descriptors d of unit length, and the loss is the mean over all pairs (equation 5), here over those of valid cells: a cell
that shows what lies beyond the border of the photo has no true partner and is no true stranger.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from superpoint_ros.features.network import CELL
from superpoint_ros.training.losses import DescriptorLoss
from superpoint_ros.training.parallel import masked_mean, shared_count

_REACH = 8.0
"""Pixels between a moved centre and that of a corresponding cell, at most."""


@dataclass(frozen=True)
class Hinge:
    """positive_margin: m_p. negative_margin: m_n. positive_weight: λ_d, as few of all pairs correspond."""

    positive_margin: float = 1.0
    negative_margin: float = 0.2
    positive_weight: float = 250.0

    def positive(self, similarity: Tensor) -> Tensor:
        """What corresponding cells of this similarity cost."""
        return self.positive_weight * F.relu(self.positive_margin - similarity)

    def negative(self, similarity: Tensor) -> Tensor:
        """What other cells of this similarity cost."""
        return F.relu(similarity - self.negative_margin)


@dataclass(frozen=True)
class CellPairs:
    """The cells of B pairs of images as rows, row-major.

    first, second: (B, C, D) of unit length. first_valid, second_valid: (B, C) bool. moved: (B, C, 2), the centres of the first
    image's cells in pixels of the second image. shape: rows and columns of cells.
    """

    first: Tensor
    second: Tensor
    first_valid: Tensor
    second_valid: Tensor
    moved: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, first: Tensor, second: Tensor, homography: Tensor, first_valid: Tensor, second_valid: Tensor) -> CellPairs:
        """Raw descriptors (B, D, H/8, W/8) of both images, homography (B, 3, 3) first → second in pixels, valid (B, H/8, W/8)."""
        rows, columns = first.shape[2:]
        centres = F.pad(_centres(rows, columns, first.device), (0, 1), value=1.0)
        moved = centres @ homography.float().transpose(1, 2)
        # What lies behind the second camera corresponds to nothing.
        depth = torch.where(moved[..., 2:] > 0, moved[..., 2:], torch.nan)
        return cls(
            first=_unit(first),
            second=_unit(second),
            first_valid=first_valid.flatten(1),
            second_valid=second_valid.flatten(1),
            moved=moved[..., :2] / depth,
            shape=(rows, columns),
        )


def _unit(raw: Tensor) -> Tensor:
    """(B, D, H/8, W/8) → (B, cells, D) of unit length, float32."""
    return F.normalize(raw.float().flatten(2).transpose(1, 2), dim=2)


def dense_hinge_loss(cells: CellPairs, hinge: Hinge = Hinge()) -> DescriptorLoss:
    """The mean over all valid pairs of cells; time and memory grow with the square of their number."""
    similarity = cells.first @ cells.second.transpose(1, 2)
    valid = cells.first_valid[:, :, None] & cells.second_valid[:, None]
    corresponds = _distances(cells.moved, _centres(*cells.shape, cells.moved.device)) <= _REACH
    cost = torch.where(corresponds, hinge.positive(similarity), hinge.negative(similarity))
    with torch.no_grad():
        positive, negative = masked_mean(similarity, valid & corresponds), masked_mean(similarity, valid & ~corresponds)
    return DescriptorLoss(masked_mean(cost, valid), positive, negative)


def sampled_hinge_loss(cells: CellPairs, positives: int, negatives: int, hinge: Hinge = Hinge()) -> DescriptorLoss:
    """An estimate of ``dense_hinge_loss`` in O(positives · negatives) for each pair of images.

    From each it draws ``positives`` pairs of corresponding cells, and as many cells of the first image, each of which meets the
    same ``negatives`` cells of the second. Both means are weighted by how many such pairs there are in all, so that the weights
    and margins mean what they mean there.
    """
    partner, corresponds = _partners(cells)
    images = torch.arange(len(partner), device=partner.device)[:, None]
    some = _draw(corresponds.flatten(1), positives)
    first, second = some // partner.shape[2], partner.flatten(1).gather(1, some)
    near = (cells.first[images, first] * cells.second[images, second]).sum(dim=2)

    first, second = _draw(cells.first_valid, positives), _draw(cells.second_valid, negatives)
    far = cells.first[images, first] @ cells.second[images, second].transpose(1, 2)
    centres = _centres(*cells.shape, cells.moved.device)
    apart = ~(_distances(cells.moved[images, first], centres[second]) <= _REACH)

    positive_pairs = corresponds.sum(dim=(1, 2))
    negative_pairs = cells.first_valid.sum(dim=1) * cells.second_valid.sum(dim=1) - positive_pairs
    per_negative = negative_pairs / apart.sum(dim=(1, 2)).clamp(min=1)
    positive_weight = (positive_pairs / positives)[:, None].expand_as(near)
    negative_weight = per_negative[:, None, None] * apart
    total = (hinge.positive(near) * positive_weight).sum() + (hinge.negative(far) * negative_weight).sum()
    with torch.no_grad():
        positive, negative = masked_mean(near, positive_weight), masked_mean(far, negative_weight)
    return DescriptorLoss(total / shared_count(positive_pairs + negative_pairs), positive, negative)


def _partners(cells: CellPairs) -> tuple[Tensor, Tensor]:
    """For each cell of the first image the nine of the second around where it went: (B, C, 9) indices, and which correspond."""
    rows, columns = cells.shape
    steps = torch.cartesian_prod(*(torch.arange(-1, 2, device=cells.moved.device),) * 2)
    nearest = ((cells.moved - (CELL - 1) / 2) / CELL).nan_to_num(-9.0).clamp(-9.0, max(rows, columns) + 9.0).round().long()
    x, y = (nearest[..., None, :] + steps).unbind(dim=3)
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    partner = (y * columns + x) * inside
    centres = _centres(rows, columns, cells.moved.device)
    close = (cells.moved[:, :, None] - centres[partner]).norm(dim=3) <= _REACH
    second_valid = cells.second_valid.gather(1, partner.flatten(1)).view_as(partner)
    return partner, inside & close & cells.first_valid[:, :, None] & second_valid


def _draw(allowed: Tensor, count: int) -> Tensor:
    """(B, K) bool → (B, count) indices, with repetition, where it is true; anywhere in a row that is true nowhere."""
    chance = torch.where(allowed.any(dim=1, keepdim=True), allowed, True).float()
    return torch.multinomial(chance, count, replacement=True)


def _distances(first: Tensor, second: Tensor) -> Tensor:
    """(…, N, 2) and (…, M, 2) points → (…, N, M); exact, for neighbouring cells are at exactly the limit."""
    return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")


def _centres(rows: int, columns: int, device: torch.device) -> Tensor:
    """(rows · columns, 2) float32: x and y of the centres of cells, row-major; cell (0, 0) is centred on pixel (3.5, 3.5)."""
    y, x = torch.meshgrid(torch.arange(rows, device=device), torch.arange(columns, device=device), indexing="ij")
    return torch.stack([x, y], dim=2).reshape(-1, 2) * CELL + (CELL - 1) / 2
