"""What the network is trained to minimize."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from superpoint_ros.features.network import CELL
from superpoint_ros.training.parallel import masked_mean


def detector_loss(logits: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
    """Cross entropy over the 65 classes of each cell (paper, equation 2 and 3).

    logits: (B, 65, H/8, W/8). target: (B, H, W), probability of an interest point at each pixel; what a cell lacks to one is that
    of none. valid: (B, H/8, W/8) bool, the cells that count; all by default.
    """
    pixels = F.pixel_unshuffle(target[:, None], CELL)
    none = (1.0 - pixels.sum(dim=1, keepdim=True)).clamp(min=0.0)
    loss = F.cross_entropy(logits, torch.cat([pixels, none], dim=1), reduction="none")
    return loss.mean() if valid is None else masked_mean(loss, valid)


@dataclass(frozen=True)
class DescriptorLoss:
    """A loss with the mean similarity of what should and should not match, to see whether it learns at all."""

    loss: Tensor
    positive_similarity: Tensor
    negative_similarity: Tensor


def sample_descriptors(raw: Tensor, points: Tensor) -> Tensor:
    """Raw descriptors (B, D, H/8, W/8) at points (B, N, 2) in pixels → (B, N, D) of unit length, bicubic.

    Cell (0, 0) is centred on pixel (3.5, 3.5).
    """
    size = raw.new_tensor([raw.shape[-1] * CELL, raw.shape[-2] * CELL])
    grid = (2.0 * points + 1.0) / size - 1.0
    sampled = F.grid_sample(raw, grid[:, None], mode="bicubic", align_corners=False, padding_mode="border")
    return F.normalize(sampled[:, :, 0].transpose(1, 2), dim=-1)


def contrastive_loss(first: Tensor, second: Tensor, valid: Tensor, temperature: float) -> DescriptorLoss:
    """Dual-softmax cross entropy (InfoNCE in both directions) over corresponding descriptors of each image pair.

    first, second: (B, N, D) of unit length; row n of one belongs to row n of the other where valid (B, N) bool.
    """
    similarity = first @ second.transpose(1, 2)
    blocked = ~(valid[:, :, None] & valid[:, None, :])
    scores = (similarity / temperature).masked_fill(blocked, -1e4)
    diagonal = torch.arange(first.shape[1], device=first.device).expand(first.shape[0], -1)
    forward, backward = (F.cross_entropy(s, diagonal, reduction="none") for s in (scores, scores.transpose(1, 2)))
    with torch.no_grad():
        positive = masked_mean(similarity.diagonal(dim1=1, dim2=2), valid)
        off = (~blocked) & ~torch.eye(first.shape[1], dtype=torch.bool, device=first.device)
        negative = masked_mean(similarity, off)
    return DescriptorLoss(masked_mean((forward + backward) / 2, valid), positive, negative)
