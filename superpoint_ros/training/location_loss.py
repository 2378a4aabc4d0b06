"""What makes both views of a pair place a keypoint on the same point of the scene.

After the reprojection loss of ALIKE (Zhao et al., IEEE TMM 2022, section III-C), with the soft-argmax of
``features.detector.refine_keypoints`` as the place of a keypoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from superpoint_ros.features.backends.torch_detection import heat_around, soft_argmax
from superpoint_ros.features.network import CELL, heatmap
from superpoint_ros.training.parallel import masked_mean

_NMS_RADIUS = 4
_SAME = 3.0
"""Pixels between two keypoints, in either view, up to which they are taken for one point."""


@dataclass(frozen=True)
class _Keypoints:
    """Of a batch: places (B, N, 2) in pixels, valid (B, N) bool."""

    places: Tensor
    valid: Tensor


def location_loss(logits: Tensor, homography: Tensor, valid: Tensor, keypoints: int) -> Tensor:
    """Mean distance, in pixels, between the keypoints of two views that show one point of the scene; 0 where there are none.

    logits: (2 B, 65, H/8, W/8) of the detector, all first views before all second ones. homography: (B, 3, 3), pixels of the
    first view to those of the second. valid: (2 B, H/8, W/8) bool, cells whose keypoints count. keypoints: the best so many of
    each view are compared.
    Gradients reach the heat around the keypoints, not the choice of them.
    """
    one, other = (
        _keypoints(heat, cells, keypoints) for heat, cells in zip(heatmap(logits.float()).chunk(2), valid.chunk(2), strict=True)
    )
    there, back = _warp(homography, one.places), _warp(torch.linalg.inv(homography.double()).float(), other.places)
    with torch.no_grad():
        between = torch.maximum(torch.cdist(there, other.places), torch.cdist(one.places, back)).nan_to_num(torch.inf)
        between = between.masked_fill(~(one.valid[:, :, None] & other.valid[:, None, :]), torch.inf)
        distance, nearest = between.min(dim=2)
        mutual = between.argmin(dim=1).gather(1, nearest) == torch.arange(nearest.shape[1], device=nearest.device)
        same = mutual & (distance < _SAME)
    pick = nearest[:, :, None].expand(-1, -1, 2)
    apart = (_length(there - other.places.gather(1, pick)) + _length(one.places - back.gather(1, pick))) / 2
    # What is not matched may be anywhere, even at infinity: it must not reach the sum.
    return masked_mean(torch.where(same, apart, 0.0), same)


def _keypoints(heat: Tensor, cells: Tensor, count: int) -> _Keypoints:
    """The best local maxima of heat maps (B, H, W) in cells that count."""
    height, width = heat.shape[1:]
    with torch.no_grad():
        mass = heat_around(heat)
        peaks = mass == _largest_around(mass)
        inner = torch.zeros_like(peaks)
        inner[:, _NMS_RADIUS:-_NMS_RADIUS, _NMS_RADIUS:-_NMS_RADIUS] = True
        counted = peaks & inner & cells.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)
        scores, pixels = (mass * counted).flatten(1).topk(min(count, height * width), dim=1)
    columns, rows = pixels % width, pixels // width
    # Not held to its own pixel, as it is in use: what lies further away would have no gradient.
    places = torch.stack([columns, rows], dim=2) + soft_argmax(heat, columns, rows)
    return _Keypoints(places, scores > 0.0)


def _largest_around(heat: Tensor) -> Tensor:
    """The largest value within the radius of suppression of each pixel of (B, H, W). Rows, then columns: that is quicker."""
    side, radius = 2 * _NMS_RADIUS + 1, _NMS_RADIUS
    rows = F.max_pool2d(heat[:, None], (1, side), stride=1, padding=(0, radius))
    return F.max_pool2d(rows, (side, 1), stride=1, padding=(radius, 0))[:, 0]


def _warp(homography: Tensor, points: Tensor) -> Tensor:
    """Points (B, N, 2) through homographies (B, 3, 3)."""
    moved = F.pad(points, (0, 1), value=1.0) @ homography.transpose(1, 2)
    # Points on the line at infinity or beyond it go far away, with a finite gradient.
    return moved[..., :2] / moved[..., 2:].clamp(min=1e-6)


def _length(vectors: Tensor) -> Tensor:
    """Of (…, 2), with a gradient at zero too."""
    return (vectors.square().sum(dim=-1) + 1e-6).sqrt()
