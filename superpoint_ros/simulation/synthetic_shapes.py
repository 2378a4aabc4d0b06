"""Synthetic shapes with known corners, rendered on the fly: what MagicPoint learns from.

DeTone et al., "SuperPoint", section 4.1: lines, triangles, quadrilaterals, polygons, stars, cubes, checkerboards, stripes;
ellipses and pure noise as negatives. A corner is what the image shows as one: the end of a line, or a junction of edges shaped L,
Y, T (also where a shape covers the edge of another) or X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.simulation.homography import rotation
from superpoint_ros.simulation.shape_canvas import Canvas, crossings, outline
from superpoint_ros.types import FloatArray

_MIN_CELL = 7.0
"""Pixels between neighbouring corners of a checkerboard or of stripes, at least: nearer ones cannot be told apart."""


@dataclass(frozen=True)
class Shapes:
    """image: (H, W) uint8. corners: (N, 2) float32, x and y in pixels, all inside the image and visible."""

    image: NDArray[np.uint8]
    corners: FloatArray


def _convex_polygon(canvas: Canvas, sides: int) -> FloatArray:
    """A polygon around a random centre whose corners are far enough apart to be seen and not nearly straight."""
    rng = canvas.rng
    while True:
        angles = _spread_angles(rng, sides, 0.35)
        radius = rng.uniform(0.1, 0.45) * canvas.size * rng.uniform(0.75, 1.0, sides)
        points = canvas.point() + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
        after, before = np.roll(points, -1, 0) - points, np.roll(points, 1, 0) - points
        turn = after[:, 0] * before[:, 1] - after[:, 1] * before[:, 0]
        lengths = np.linalg.norm(after, axis=1)
        cosine = (before * after).sum(1) / (np.linalg.norm(before, axis=1) * lengths)
        if lengths.min() > 8.0 and turn.min() > 0 and cosine.max() < 0.9 and cosine.min() > -0.85:
            return points.astype(np.float32)


def _lines(canvas: Canvas) -> None:
    segments: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(canvas.rng.integers(1, 9)):
        start, end = canvas.point(), canvas.point()
        if np.linalg.norm(end - start) < 0.15 * canvas.size:
            continue
        if any(_segments_close(start, end, *other) for other in segments):
            continue
        segments.append((start, end))
        canvas.stroke(start, end, canvas.grey_against(np.linspace(start, end, 24)), int(canvas.rng.integers(1, 4)))
        canvas.add_corners(np.stack([start, end]))


def _segments_close(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, gap: float = 6.0) -> bool:
    """Whether two segments cross or come within the gap (sampled): such a junction would be a corner without a label."""
    t = np.linspace(0.0, 1.0, 24, dtype=np.float32)[:, None]
    first, second = a + t * (b - a), c + t * (d - c)
    step = max(float(np.linalg.norm(b - a)), float(np.linalg.norm(d - c))) / 23.0
    return bool((np.linalg.norm(first[:, None] - second[None], axis=2)).min() < gap + step)


def _polygons(canvas: Canvas, sides: list[int]) -> None:
    drawn: list[FloatArray] = []
    for _ in range(canvas.rng.integers(1, 6)):
        polygon = _convex_polygon(canvas, int(canvas.rng.choice(sides)))
        canvas.fill(polygon, canvas.grey_against(outline(polygon)))
        canvas.add_corners(polygon)
        canvas.add_corners(crossings(polygon, drawn))
        drawn.append(polygon)


def _star(canvas: Canvas) -> None:
    """Lines from one centre; the centre and the tips are corners."""
    rays = int(canvas.rng.integers(3, 7))
    angles = _spread_angles(canvas.rng, rays, 0.5)
    centre = canvas.point(-0.2 * canvas.size)
    tips = centre + canvas.rng.uniform(0.15, 0.5, (rays, 1)) * canvas.size * np.stack([np.cos(angles), np.sin(angles)], 1)
    thickness = int(canvas.rng.integers(1, 4))
    grey = canvas.grey_against(np.linspace(centre, tips, 16).reshape(-1, 2))
    for tip in tips.astype(np.float32):
        canvas.stroke(centre, tip, grey, thickness)
    canvas.add_corners(np.concatenate([centre[None], tips]))


def _spread_angles(rng: np.random.Generator, count: int, gap: float) -> NDArray[np.float64]:
    """Sorted angles in the full circle, at least ``gap`` radians apart."""
    spare = rng.uniform(0.0, 2 * np.pi - count * gap, count)
    return rng.uniform(0.0, 2 * np.pi) + np.sort(spare) + gap * np.arange(count)


def _cube(canvas: Canvas) -> None:
    """Three faces of a box that meet in its nearest corner."""
    rng = canvas.rng
    angles = rng.uniform(0, 2 * np.pi) + np.array([0.0, 1.0, 2.0]) * 2 * np.pi / 3 + rng.uniform(-0.35, 0.35, 3)
    lengths = rng.uniform(0.12, 0.38, 3) * canvas.size
    a, b, c = lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    centre = canvas.point(-0.15 * canvas.size)
    zero = np.zeros(2)
    faces = np.array([[zero, a, a + b, b], [zero, b, b + c, c], [zero, c, c + a, a]]) + centre
    for face in faces.astype(np.float32):
        canvas.fill(face, canvas.grey_against(outline(face)))
    canvas.add_corners(np.array([zero, a, a + b, b, b + c, c, c + a]) + centre)


def _perspective_grid(canvas: Canvas, columns: int, rows: int) -> FloatArray:
    """(rows + 1, columns + 1, 2) corners of a grid seen from a random view."""
    rng = canvas.rng
    flat = np.stack(np.meshgrid(np.linspace(-1, 1, columns + 1), np.linspace(-1, 1, rows + 1)), -1).reshape(-1, 1, 2)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    while True:
        turn = rotation(rng.uniform(0, 2 * np.pi))
        radius = rng.uniform(0.3, 0.75) * canvas.size
        target = (corners * rng.uniform(0.6, 1.0, (4, 2))) @ turn.T * radius + canvas.point(-0.25 * canvas.size)
        view = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
        grid = np.asarray(cv2.perspectiveTransform(flat.astype(np.float32), view), np.float32).reshape(rows + 1, columns + 1, 2)
        if min(np.linalg.norm(np.diff(grid, axis=axis), axis=2).min() for axis in (0, 1)) >= _MIN_CELL:
            return grid


def _cell(grid: FloatArray, row: int, column: int) -> FloatArray:
    return np.stack([grid[row, column], grid[row, column + 1], grid[row + 1, column + 1], grid[row + 1, column]])


def _checkerboard(canvas: Canvas) -> None:
    """Cells of two greys; sometimes only those of one, on what is behind."""
    columns, rows = (int(n) for n in canvas.rng.integers(2, 8, 2))
    grid = _perspective_grid(canvas, columns, rows)
    board = grid[[0, 0, -1, -1], [0, -1, -1, 0]]
    dark = canvas.grey_against(np.concatenate([outline(board), grid.reshape(-1, 2)]))
    light = canvas.grey_against(outline(board), dark) if canvas.rng.random() < 0.7 else None
    for row in range(rows):
        for column in range(columns):
            grey = light if (row + column) % 2 else dark
            if grey is not None:
                canvas.fill(_cell(grid, row, column), grey)
    canvas.add_corners(grid.reshape(-1, 2))


def _stripes(canvas: Canvas) -> None:
    columns = int(canvas.rng.integers(2, 8))
    grid = _perspective_grid(canvas, columns, 1)
    for column in range(columns):
        stripe = _cell(grid, 0, column)
        canvas.fill(stripe, canvas.grey_against(outline(stripe)))
    canvas.add_corners(grid.reshape(-1, 2))


def _ellipses(canvas: Canvas) -> None:
    """None touches another, and none is so thin that its tips look like corners."""
    drawn: list[tuple[FloatArray, float]] = []
    for _ in range(canvas.rng.integers(1, 10)):
        centre = canvas.point()
        long = canvas.rng.uniform(0.04, 0.3) * canvas.size
        if any(np.linalg.norm(centre - other) < long + reach + 6.0 for other, reach in drawn):
            continue
        drawn.append((centre, long))
        # The radius of curvature at the tips is short² / long.
        short = canvas.rng.uniform(min(long, np.sqrt(0.04 * canvas.size * long)), long)
        angle = float(canvas.rng.uniform(0, 360))
        box = (tuple(map(float, centre)), (2 * long, 2 * short), angle)
        grey = canvas.grey_against(outline(np.asarray(cv2.boxPoints(box), np.float32), 0.0))
        cv2.ellipse(canvas.image, box, grey, -1, cv2.LINE_AA)


def _noise(canvas: Canvas) -> None:
    scale = int(canvas.rng.integers(1, 4))
    noise = canvas.rng.normal(0.0, canvas.rng.uniform(10, 60), (canvas.height // scale + 1, canvas.width // scale + 1))
    grain = cv2.resize(noise.astype(np.float32), (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    canvas.image = np.clip(canvas.image + grain, 0, 255).astype(np.uint8)


PRIMITIVES: dict[str, Callable[[Canvas], None]] = {
    "lines": _lines,
    "triangles": partial(_polygons, sides=[3]),
    "quadrilaterals": partial(_polygons, sides=[4]),
    "polygons": partial(_polygons, sides=[3, 4, 5, 6]),
    "star": _star,
    "cube": _cube,
    "checkerboard": _checkerboard,
    "stripes": _stripes,
    "ellipses": _ellipses,
    "noise": _noise,
}
_SHARE = dict(zip(PRIMITIVES, (2, 1, 1, 2, 2, 3, 3, 3, 1.5, 0.5), strict=True))


def render(rng: np.random.Generator, height: int, width: int, primitive: str | None = None) -> Shapes:
    """One clean image of a primitive (a random one by default); the same generator state gives the same image."""
    if primitive is None:
        shares = np.array(list(_SHARE.values()))
        primitive = str(rng.choice(list(PRIMITIVES), p=shares / shares.sum()))
    canvas = Canvas(rng, height, width)
    PRIMITIVES[primitive](canvas)
    return Shapes(canvas.image, canvas.visible_corners())
