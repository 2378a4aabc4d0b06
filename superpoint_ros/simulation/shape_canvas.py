"""A grey image under construction, and which corners of what is drawn on it can be seen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import DoubleArray, FloatArray

SUBPIXEL_BITS = 4
_MIN_CONTRAST = 25.0
"""Grey levels between a shape and what surrounds it, where the grey scale has room for it."""

_VISIBLE = 4.0
"""Smaller eigenvalue of the structure tensor at a visible corner, at least: a right angle of 9 grey levels, or 140° of 20.

Straight edges, however strong, stay below it.
"""
_APART = 4.0
"""Pixels in x and y: of two corners no further apart only one can be told, and the detector's suppression leaves only one."""


class Canvas:
    """An (H, W) uint8 image, at first smooth random shading, and the corners of the shapes that are drawn on it."""

    def __init__(self, rng: np.random.Generator, height: int, width: int) -> None:
        self.rng = rng
        self.height, self.width = height, width
        self.size = min(height, width)
        self.image = self._shading()
        self._corners: FloatArray = np.empty((0, 2), np.float32)

    def _shading(self) -> NDArray[np.uint8]:
        rng = self.rng
        coarse = rng.normal(0.0, rng.uniform(0.0, 25.0), (self.height // 24 + 2, self.width // 24 + 2)).astype(np.float32)
        smooth = cv2.resize(coarse, (self.width, self.height), interpolation=cv2.INTER_CUBIC)
        return np.clip(smooth + rng.uniform(20.0, 235.0), 0, 255).astype(np.uint8)

    def point(self, margin: float = 0.0) -> FloatArray:
        """A random place, at least ``-margin`` pixels inside the image."""
        return self.rng.uniform([-margin, -margin], [self.width + margin, self.height + margin]).astype(np.float32)

    def grey_against(self, points: FloatArray | DoubleArray, *others: int) -> int:
        """A grey level that stands out from the image at each of the points, and from the other levels."""
        x, y = np.clip(np.rint(points), 0, [self.width - 1, self.height - 1]).astype(int).T
        near = np.append(self.image[y, x].astype(np.float32), others)
        contrast = np.abs(np.arange(256)[:, None] - near).min(axis=1)
        wanted = min(self.rng.uniform(_MIN_CONTRAST, 120.0), contrast.max())
        return int(self.rng.choice(np.flatnonzero(np.abs(contrast - wanted) <= 2.0)))

    def fill(self, polygon: FloatArray, grey: int) -> None:
        """Draw a filled polygon; corners under it are hidden from now on."""
        corners = [_fixed(polygon)]
        if len(self._corners):
            cover = np.zeros_like(self.image)
            cv2.fillPoly(cover, corners, 255, lineType=cv2.LINE_8, shift=SUBPIXEL_BITS)
            x, y = np.rint(self._corners).astype(int).T
            self._corners = self._corners[cover[y, x] == 0]
        cv2.fillPoly(self.image, corners, grey, lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS)

    def stroke(self, start: FloatArray, end: FloatArray, grey: int, thickness: int) -> None:
        """Draw a line."""
        a, b = (tuple(int(v) for v in _fixed(point)) for point in (start, end))
        cv2.line(self.image, a, b, grey, thickness, cv2.LINE_AA, SUBPIXEL_BITS)

    def add_corners(self, points: FloatArray | DoubleArray) -> None:
        """Places where a corner may be seen; those outside the image are ignored."""
        limits = np.array([self.width - 1, self.height - 1], np.float32)
        inside = ((points >= 0) & (points <= limits)).all(axis=1)
        self._corners = np.concatenate([self._corners, points[inside].astype(np.float32)])

    def visible_corners(self) -> FloatArray:
        """(N, 2) float32: the corners that the finished image shows, the clearest first.

        A corner is hidden where the shapes on both sides have the same grey, and where a shape has covered one of its edges: the
        image does not change in two directions there.
        """
        smooth = cv2.GaussianBlur(self.image.astype(np.float32), (0, 0), 1.0)
        response = cv2.dilate(cv2.cornerMinEigenVal(smooth, 5, ksize=3), np.ones((5, 5), np.uint8))
        x, y = np.rint(self._corners).astype(int).T
        clarity = response[y, x]
        order = np.argsort(-clarity, kind="stable")
        corners = self._corners[order[clarity[order] >= _VISIBLE]]
        near = (np.abs(corners[:, None] - corners[None]) <= _APART).all(axis=2)
        kept = np.ones(len(corners), bool)
        for n in range(1, len(corners)):
            kept[n] = not (near[n, :n] & kept[:n]).any()
        return corners[kept]


def outline(polygon: FloatArray, outside: float = 2.0) -> FloatArray:
    """Points all around a convex polygon, ``outside`` pixels away from it: what it will be seen against."""
    steps = np.linspace(0.0, 1.0, 16, dtype=np.float32)[:, None, None]
    points = (polygon + steps * (np.roll(polygon, -1, 0) - polygon)).reshape(-1, 2)
    away = points - polygon.mean(axis=0)
    return np.asarray(points + outside * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1.0))


def crossings(polygon: FloatArray, others: list[FloatArray]) -> FloatArray:
    """(N, 2) points in which the edges of a polygon cross the edges of others."""
    if not others:
        return np.empty((0, 2), np.float32)
    a, b = polygon[:, None], np.roll(polygon, -1, 0)[:, None] - polygon[:, None]
    c = np.concatenate(others)[None]
    d = np.concatenate([np.roll(other, -1, 0) for other in others])[None] - c
    determinant = _cross(b, d)
    with np.errstate(divide="ignore", invalid="ignore"):
        t, u = _cross(c - a, d) / determinant, _cross(c - a, b) / determinant
    row, column = np.nonzero((t > 0) & (t < 1) & (u > 0) & (u < 1))
    return np.asarray(a[row, 0] + t[row, column, None] * b[row, 0], np.float32)


def _cross(u: FloatArray, v: FloatArray) -> FloatArray:
    return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.rint(points * (1 << SUBPIXEL_BITS)).astype(np.int32)
