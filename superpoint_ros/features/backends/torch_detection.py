"""``features.detection`` for a batch in PyTorch: what a GPU has found stays there until it is a thousand keypoints.

The same formulas as on NumPy arrays; the comments on why are there.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.detection import Detections
from superpoint_ros.features.detector import AROUND, REFINE_RADIUS
from superpoint_ros.features.image import CELL

_CUBIC = -0.75
_ROUNDS_PER_LOOK = 4
"""Rounds of suppression between two questions whether any pixel is left; each question waits for the GPU."""


def detect_batch(
    heatmaps: Tensor, coarse: Tensor, size: tuple[int, int], config: ExtractorConfig, masks: Tensor | None
) -> list[Detections]:
    """Detections of each image of a batch, with one download for all.

    heatmaps: (B, 8 h, 8 w), coarse: (B, D, h, w) float32 on any device. size: height and width of the working images.
    masks: (B, height, width) bool, False where nothing is to be detected.
    """
    height, width = size
    heat = heatmaps[:, :height, :width].contiguous()
    pixels, scores = select_pixels(heat_around(heat), config, masks)
    columns, rows = pixels % width, pixels // width
    points = torch.stack([columns, rows], dim=2).float()
    if config.subpixel:
        points = points + soft_argmax(heat, columns, rows).clamp(-0.5, 0.5)
    found = torch.cat([points, scores[..., None], _sample(coarse, points, config.interpolation)], dim=2)
    return [_trimmed(array) for array in found.cpu().numpy()]


def _trimmed(found: np.ndarray) -> Detections:
    kept = np.ascontiguousarray(found[found[:, 2] >= 0])  # what filled the batch up has score -1
    return Detections(*(np.ascontiguousarray(part) for part in (kept[:, :2], kept[:, 2], kept[:, 3:])))


def select_pixels(heat: Tensor, config: ExtractorConfig, masks: Tensor | None) -> tuple[Tensor, Tensor]:
    """Flat pixels (B, K) int64 and scores (B, K), best first; -1 is the score of no keypoint."""
    batch, height, width = heat.shape
    flat = heat.reshape(batch, -1)
    order = torch.argsort(flat, dim=1, descending=True, stable=True)
    dtype = torch.float32 if flat.shape[1] < 2**24 else torch.float64  # must count all pixels
    places = torch.arange(flat.shape[1], 0, -1, device=heat.device, dtype=dtype).expand_as(flat)
    rank = torch.empty_like(flat, dtype=dtype).scatter_(1, order, places).reshape(heat.shape)
    taken = _suppress(torch.where(heat >= config.threshold, rank, torch.zeros_like(rank)), config.nms_radius)

    edge = config.border
    wanted = torch.zeros_like(taken)
    wanted[:, edge : max(edge, height - edge), edge : max(edge, width - edge)] = True
    if masks is not None:
        wanted &= masks
    left = torch.where(taken & wanted, rank, torch.zeros_like(rank)).reshape(batch, -1)
    best, pixels = torch.topk(left, min(config.max_keypoints, left.shape[1]), dim=1)
    scores = torch.where(best > 0, flat.gather(1, pixels), torch.full_like(best, -1.0, dtype=flat.dtype))
    return pixels, scores


def _suppress(rank: Tensor, radius: int) -> Tensor:
    """(B, H, W) different positive ranks, 0 for pixels to ignore → bool, as greedy suppression takes them."""

    def dilated(values: Tensor) -> Tensor:
        return F.max_pool2d(values[:, None], 2 * radius + 1, stride=1, padding=radius)[:, 0]

    taken = torch.zeros_like(rank, dtype=torch.bool)
    while bool(rank.any()):
        for _ in range(_ROUNDS_PER_LOOK):
            peaks = (rank == dilated(rank)) & (rank > 0)
            taken |= peaks
            rank = torch.where(dilated(peaks.to(rank.dtype)) > 0, torch.zeros_like(rank), rank)
    return taken


def heat_around(heat: Tensor) -> Tensor:
    """``features.detector.heat_around`` of heat maps (B, H, W)."""
    weights = torch.tensor(AROUND, device=heat.device, dtype=heat.dtype)
    rows = F.conv2d(heat[:, None], weights[None, None, None], padding=(0, len(AROUND) // 2))
    return F.conv2d(rows, weights[None, None, :, None], padding=(len(AROUND) // 2, 0))[:, 0]


def soft_argmax(heat: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Offsets (B, K, 2) from pixels (B, K) of heat maps (B, H, W) to the centre of the heat in the 5x5 window around each."""
    margin = REFINE_RADIUS
    around = F.pad(heat, [margin] * 4)
    stride = around.shape[2]
    steps = torch.arange(-margin, margin + 1, device=heat.device)
    x, y = steps.repeat(len(steps)), steps.repeat_interleave(len(steps))
    index = ((rows + margin) * stride + columns + margin)[..., None] + y * stride + x
    window = around.flatten(1).gather(1, index.flatten(1)).reshape(index.shape)
    moments = window @ torch.stack([x, y, torch.ones_like(x)], dim=1).to(heat.dtype)
    return moments[..., :2] / (moments[..., 2:] + torch.finfo(heat.dtype).tiny)


def _sample(coarse: Tensor, points: Tensor, interpolation: str) -> Tensor:
    """Descriptors (B, K, D) of unit length, interpolated between the cells."""
    batch, size, height, width = coarse.shape
    position = (points - (CELL - 1) / 2) / CELL
    first = position.floor()
    weights, taps = (_bicubic if interpolation == "bicubic" else _bilinear)((position - first)[..., None])
    columns = (first[..., 0, None] + taps).long().clamp(0, width - 1)
    rows = (first[..., 1, None] + taps).long().clamp(0, height - 1)
    index = (rows[..., :, None] * width + columns[..., None, :]).flatten(1)
    weight = (weights[..., 1, :, None] * weights[..., 0, None, :]).flatten(2)
    cells = coarse.permute(0, 2, 3, 1).reshape(batch, height * width, size)
    gathered = torch.stack([one[at] for one, at in zip(cells, index, strict=True)]).reshape(*weight.shape, size)
    vectors = (weight[..., None, :] @ gathered)[..., 0, :]
    length = vectors.norm(dim=2, keepdim=True)
    axis = F.one_hot(torch.zeros((), dtype=torch.long, device=coarse.device), size).to(vectors.dtype)
    return torch.where(length == 0, axis, vectors / length.clamp_min(torch.finfo(vectors.dtype).tiny))


def _bicubic(fraction: Tensor) -> tuple[Tensor, Tensor]:
    taps = torch.arange(-1, 3, device=fraction.device, dtype=fraction.dtype)
    distance = (fraction - taps).abs()
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = _CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return torch.where(distance <= 1, near, far), taps


def _bilinear(fraction: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([1 - fraction, fraction], dim=-1), torch.arange(2, device=fraction.device, dtype=fraction.dtype)
