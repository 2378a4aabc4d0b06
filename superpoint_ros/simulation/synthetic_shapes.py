"""Synthetic shapes with known corners, rendered on the fly: what MagicPoint learns from.

DeTone et al., "SuperPoint", section 4.1: lines, triangles, quadrilaterals, polygons, stars, cubes, checkerboards, stripes;
ellipses and pure noise as negatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import FloatArray

_SUBPIXEL_BITS = 4
_MIN_CONTRAST = 25.0
"""Grey levels between a shape and what lies behind it: a corner with less is not visible."""


@dataclass(frozen=True)
class Shapes:
    """image: (H, W) uint8. corners: (N, 2) float32, x and y in pixels, all inside the image and visible."""

    image: NDArray[np.uint8]
    corners: FloatArray


class _Canvas:
    """A grey image under construction and the corners that are still visible on it."""

    def __init__(self, rng: np.random.Generator, height: int, width: int) -> None:
        self.rng = rng
        self.height, self.width = height, width
        self.size = min(height, width)
        self.image = _background(rng, height, width)
        self.corners: FloatArray = np.empty((0, 2), np.float32)

    def point(self, margin: float = 0.0) -> FloatArray:
        return self.rng.uniform([-margin, -margin], [self.width + margin, self.height + margin]).astype(np.float32)

    def grey_against(self, points: FloatArray) -> int:
        """A grey level that stands out from what lies under the points."""
        x, y = np.clip(np.rint(points), 0, [self.width - 1, self.height - 1]).astype(int).T
        behind = float(self.image[y, x].mean())
        contrast = self.rng.uniform(_MIN_CONTRAST, 120.0)
        brighter = behind + contrast <= 255.0
        darker = behind - contrast >= 0.0
        up = brighter if brighter != darker else self.rng.random() < 0.5
        return int(np.clip(behind + contrast if up else behind - contrast, 0, 255))

    def fill(self, polygon: FloatArray, grey: int) -> None:
        """Draw a filled polygon; corners under it are hidden from now on."""
        fixed = [_fixed(polygon)]
        cover = np.zeros_like(self.image)
        cv2.fillPoly(cover, fixed, 255, lineType=cv2.LINE_8, shift=_SUBPIXEL_BITS)
        if len(self.corners):
            x, y = np.rint(self.corners).astype(int).T
            self.corners = self.corners[cover[y, x] == 0]
        cv2.fillPoly(self.image, fixed, grey, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)

    def add_corners(self, points: FloatArray) -> None:
        """Label those points that lie inside the image."""
        limits = np.array([self.width - 1, self.height - 1], np.float32)
        inside = ((points >= 0) & (points <= limits)).all(axis=1)
        self.corners = np.concatenate([self.corners, points[inside].astype(np.float32)])


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _background(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Smooth random shading."""
    coarse = rng.normal(0.0, rng.uniform(0.0, 25.0), (height // 24 + 2, width // 24 + 2)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.uniform(20.0, 235.0), 0, 255).astype(np.uint8)


def _convex_polygon(canvas: _Canvas, sides: int) -> FloatArray:
    """A polygon around a random centre whose corners are far enough apart to be seen and not nearly straight."""
    rng = canvas.rng
    while True:
        angles = np.sort(rng.uniform(0, 2 * np.pi, sides))
        gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
        if gaps.min() < 0.35 or gaps.max() > 2.8:
            continue
        radius = rng.uniform(0.1, 0.45) * canvas.size * rng.uniform(0.75, 1.0, sides)
        points = canvas.point() + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
        before, after = np.roll(points, 1, 0) - points, np.roll(points, -1, 0) - points
        lengths = np.linalg.norm(after, axis=1)
        cosine = (before * after).sum(1) / (np.linalg.norm(before, axis=1) * lengths)
        if lengths.min() > 8.0 and np.abs(cosine).max() < 0.9:
            return points.astype(np.float32)


def _lines(canvas: _Canvas) -> None:
    segments: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(canvas.rng.integers(1, 9)):
        start, end = canvas.point(), canvas.point()
        if np.linalg.norm(end - start) < 0.15 * canvas.size:
            continue
        if any(_segments_close(start, end, *other) for other in segments):
            continue
        segments.append((start, end))
        grey = canvas.grey_against(np.linspace(start, end, 9))
        thickness = int(canvas.rng.integers(1, 4))
        a, b = (tuple(int(v) for v in p) for p in _fixed(np.stack([start, end])))
        cv2.line(canvas.image, a, b, grey, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        canvas.add_corners(np.stack([start, end]))


def _segments_close(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, gap: float = 6.0) -> bool:
    """Whether two segments cross or come within the gap (sampled): such a junction would be a corner without a label."""
    t = np.linspace(0.0, 1.0, 24, dtype=np.float32)[:, None]
    first, second = a + t * (b - a), c + t * (d - c)
    step = max(float(np.linalg.norm(b - a)), float(np.linalg.norm(d - c))) / 23.0
    return bool((np.linalg.norm(first[:, None] - second[None], axis=2)).min() < gap + step)


def _polygons(canvas: _Canvas) -> None:
    for _ in range(canvas.rng.integers(1, 6)):
        polygon = _convex_polygon(canvas, int(canvas.rng.choice([3, 3, 4, 4, 5, 6])))
        canvas.fill(polygon, canvas.grey_against(polygon))
        canvas.add_corners(polygon)


def _star(canvas: _Canvas) -> None:
    """Lines from one centre; the centre and the tips are corners."""
    rays = int(canvas.rng.integers(3, 7))
    angles = _spread_angles(canvas.rng, rays)
    centre = canvas.point(-0.2 * canvas.size)
    tips = centre + canvas.rng.uniform(0.15, 0.5, (rays, 1)) * canvas.size * np.stack([np.cos(angles), np.sin(angles)], 1)
    thickness = int(canvas.rng.integers(1, 4))
    grey = canvas.grey_against(np.concatenate([centre[None], tips.astype(np.float32)]))
    start = tuple(int(v) for v in _fixed(centre))
    for tip in _fixed(tips.astype(np.float32)):
        cv2.line(canvas.image, start, tuple(int(v) for v in tip), grey, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
    canvas.add_corners(np.concatenate([centre[None], tips]).astype(np.float32))


def _spread_angles(rng: np.random.Generator, count: int, gap: float = 0.5) -> NDArray[np.float64]:
    """Angles in the full circle, at least ``gap`` radians apart."""
    while True:
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        if np.diff(np.append(angles, angles[0] + 2 * np.pi)).min() > gap:
            return angles


def _cube(canvas: _Canvas) -> None:
    """Three faces of a box that meet in its nearest corner."""
    rng = canvas.rng
    angles = rng.uniform(0, 2 * np.pi) + np.array([0.0, 1.0, 2.0]) * 2 * np.pi / 3 + rng.uniform(-0.35, 0.35, 3)
    lengths = rng.uniform(0.12, 0.38, 3) * canvas.size
    a, b, c = lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    centre = canvas.point(-0.15 * canvas.size)
    outline = np.array([a, a + b, b, b + c, c, c + a]) + centre
    base = canvas.grey_against(outline.astype(np.float32))
    faces = np.array([[np.zeros(2), a, a + b, b], [np.zeros(2), b, b + c, c], [np.zeros(2), c, c + a, a]]) + centre
    direction = 1 if base < 128 else -1
    for level, face in enumerate(faces.astype(np.float32)):
        canvas.fill(face, int(np.clip(base + direction * level * rng.uniform(20, 45), 0, 255)))
    canvas.add_corners(np.concatenate([centre[None], outline]).astype(np.float32))


def _perspective_grid(canvas: _Canvas, columns: int, rows: int) -> FloatArray:
    """(rows + 1, columns + 1, 2) corners of a grid seen from a random view."""
    rng = canvas.rng
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, columns + 1), np.linspace(-1, 1, rows + 1)), -1).reshape(-1, 1, 2)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    radius = rng.uniform(0.3, 0.75) * canvas.size
    target = (corners * rng.uniform(0.6, 1.0, (4, 2))) @ rotation.T * radius + canvas.point(-0.25 * canvas.size)
    view = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(grid.astype(np.float32), view), np.float32).reshape(rows + 1, columns + 1, 2)


def _checkerboard(canvas: _Canvas) -> None:
    columns, rows = (int(n) for n in canvas.rng.integers(2, 8, 2))
    grid = _perspective_grid(canvas, columns, rows)
    dark = canvas.grey_against(grid.reshape(-1, 2))
    behind = int(canvas.image.mean())
    light = int(np.clip(dark + (1 if dark < behind else -1) * canvas.rng.uniform(_MIN_CONTRAST, 120), 0, 255))
    if abs(light - dark) < _MIN_CONTRAST:
        light = 255 if dark < 128 else 0
    for row in range(rows):
        for column in range(columns):
            cell = np.stack([grid[row, column], grid[row, column + 1], grid[row + 1, column + 1], grid[row + 1, column]])
            canvas.fill(cell, dark if (row + column) % 2 else light)
    hidden_outline = abs(light - behind) < _MIN_CONTRAST
    canvas.add_corners((grid[1:-1, 1:-1] if hidden_outline else grid).reshape(-1, 2))


def _stripes(canvas: _Canvas) -> None:
    columns = int(canvas.rng.integers(2, 8))
    grid = _perspective_grid(canvas, columns, 1)
    grey = canvas.grey_against(grid.reshape(-1, 2))
    for column in range(columns):
        stripe = np.stack([grid[0, column], grid[0, column + 1], grid[1, column + 1], grid[1, column]])
        step = canvas.rng.uniform(_MIN_CONTRAST, 90.0)
        grey = int(grey + step if grey + step <= 255 and (grey - step < 0 or canvas.rng.random() < 0.5) else max(grey - step, 0))
        canvas.fill(stripe, grey)
    canvas.add_corners(grid.reshape(-1, 2))


def _ellipses(canvas: _Canvas) -> None:
    for _ in range(canvas.rng.integers(1, 8)):
        centre = canvas.point()
        axes = canvas.rng.uniform(0.04, 0.3, 2) * canvas.size
        grey = canvas.grey_against(centre[None])
        box = (tuple(map(float, centre)), tuple(map(float, 2 * axes)), float(canvas.rng.uniform(0, 360)))
        cv2.ellipse(canvas.image, box, grey, -1, cv2.LINE_AA)


def _noise(canvas: _Canvas) -> None:
    scale = int(canvas.rng.integers(1, 4))
    noise = canvas.rng.normal(0.0, canvas.rng.uniform(10, 60), (canvas.height // scale + 1, canvas.width // scale + 1))
    grain = cv2.resize(noise.astype(np.float32), (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    canvas.image = np.clip(canvas.image + grain, 0, 255).astype(np.uint8)


PRIMITIVES: dict[str, Callable[[_Canvas], None]] = {
    "lines": _lines,
    "polygons": _polygons,
    "star": _star,
    "cube": _cube,
    "checkerboard": _checkerboard,
    "stripes": _stripes,
    "ellipses": _ellipses,
    "noise": _noise,
}
_SHARE = {"lines": 2, "polygons": 4, "star": 2, "cube": 3, "checkerboard": 3, "stripes": 3, "ellipses": 1.5, "noise": 0.5}


def render(rng: np.random.Generator, height: int, width: int, primitive: str | None = None) -> Shapes:
    """One clean image of a primitive (a random one by default); the same generator state gives the same image."""
    if primitive is None:
        shares = np.array([_SHARE[name] for name in PRIMITIVES])
        primitive = str(rng.choice(list(PRIMITIVES), p=shares / shares.sum()))
    canvas = _Canvas(rng, height, width)
    PRIMITIVES[primitive](canvas)
    return Shapes(canvas.image, canvas.corners[_visible(canvas.image, canvas.corners)])


def _visible(image: NDArray[np.uint8], corners: FloatArray) -> NDArray[np.bool_]:
    """Which corners stand out: shading can bring the grey behind a shape near to its own."""
    window = np.ones((7, 7), np.uint8)
    contrast = cv2.subtract(cv2.dilate(image, window), cv2.erode(image, window))
    x, y = np.rint(corners).astype(int).T
    return np.asarray(contrast[y, x] >= _MIN_CONTRAST / 2)
