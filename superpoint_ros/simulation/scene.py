"""A room with boxes, made of textured rectangles, and what a ray meets in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.simulation import textures
from superpoint_ros.types import DoubleArray, IndexArray

ROOM = (10.0, 8.0, 3.0)
"""Metres along x, y (the floor) and z (up); the origin is the centre of the floor."""


@dataclass(frozen=True)
class Rectangle:
    """A textured rectangle in the world.

    origin: (3,) the outer corner of the texture's first texel. u, v: (3,) metres, the edges along the texture's columns and
    rows; as in an image, u x v points away from whoever sees it. texture: (H, W) uint8; texel (column i, row j) is centred at
    ``origin + u (i + 0.5) / W + v (j + 0.5) / H``.
    """

    origin: DoubleArray
    u: DoubleArray
    v: DoubleArray
    texture: NDArray[np.uint8]

    @cached_property
    def normal(self) -> DoubleArray:
        """(3,) unit vector towards whoever sees the rectangle; from behind it is invisible."""
        normal = np.cross(self.v, self.u)
        return np.asarray(normal / np.linalg.norm(normal), np.float64)

    @cached_property
    def pyramid(self) -> tuple[NDArray[np.uint8], ...]:
        """The texture, then halved again and again. Cut to even sides first, so that every texel of a level covers four."""
        levels = [self.texture]
        while min(levels[-1].shape) >= 16:
            height, width = (side // 2 for side in levels[-1].shape)
            even = levels[-1][: 2 * height, : 2 * width]
            levels.append(np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        return tuple(levels)

    def texel_to_world(self, texels: DoubleArray) -> DoubleArray:
        """World points (N, 3) of texture coordinates (N, 2) (column, row), texel centres at whole numbers."""
        height, width = self.texture.shape
        a, b = (texels[:, :1] + 0.5) / width, (texels[:, 1:] + 0.5) / height
        return np.asarray(self.origin + a * self.u + b * self.v, np.float64)


@dataclass(frozen=True)
class Scene:
    """Rectangles, the room's own first."""

    rectangles: tuple[Rectangle, ...]

    def cast(self, origin: DoubleArray, rays: DoubleArray) -> tuple[DoubleArray, IndexArray]:
        """What rays from one point meet first.

        origin: (3,), rays: (N, 3), in the world. Returns (N,) distances in units of the ray's length (inf where a ray meets
        nothing) and (N,) indices of the rectangles (-1).
        """
        nearest = np.full(len(rays), np.inf)
        index = np.full(len(rays), -1, np.int64)
        for i, rectangle in enumerate(self.rectangles):
            towards = rays @ rectangle.normal
            with np.errstate(divide="ignore", invalid="ignore"):
                distance = (rectangle.normal @ (rectangle.origin - origin)) / towards
                points = origin + distance[:, None] * rays - rectangle.origin
                a = points @ rectangle.u / (rectangle.u @ rectangle.u)
                b = points @ rectangle.v / (rectangle.v @ rectangle.v)
                hit = (towards < 0) & (distance > 0) & (distance < nearest) & (a >= 0) & (a <= 1) & (b >= 0) & (b <= 1)
            nearest[hit], index[hit] = distance[hit], i
        return nearest, index


def build_room(path: DoubleArray, rng: np.random.Generator, boxes: int = 14) -> Scene:
    """A furnished room whose boxes keep away from a path.

    path: (N, 2) points of the floor that stay free by at least 0.7 m.
    """
    rectangles = _room(rng)
    placed: list[DoubleArray] = []
    for _ in range(40 * boxes):
        size = rng.uniform((0.4, 0.4, 0.5), (1.3, 1.3, 2.2))
        centre = rng.uniform((-ROOM[0] / 2 + 0.7, -ROOM[1] / 2 + 0.7), (ROOM[0] / 2 - 0.7, ROOM[1] / 2 - 0.7))
        radius = float(np.hypot(size[0], size[1]) / 2)
        circle = np.array([*centre, radius])
        free_path = np.all(np.linalg.norm(path - centre, axis=1) > radius + 0.7)
        free_boxes = all(np.hypot(*(centre - other[:2])) > radius + other[2] for other in placed)
        if free_path and free_boxes:
            rectangles += _box(centre, size, float(rng.uniform(0, np.pi)), rng)
            placed.append(circle)
        if len(placed) == boxes:
            break
    return Scene(tuple(rectangles))


def _room(rng: np.random.Generator) -> list[Rectangle]:
    """Floor, ceiling and four walls, seen from inside."""
    x, y, _ = ROOM
    west_south = np.array([-x / 2, -y / 2, 0.0])
    along_x, along_y, up = np.diag(ROOM)
    walls = [
        (west_south + along_y + up, along_x, -up),  # north
        (west_south + along_x + up, -along_x, -up),  # south
        (west_south + up, along_y, -up),  # west
        (west_south + along_x + along_y + up, -along_y, -up),  # east
    ]
    rectangles = [
        _paint(west_south + along_y, along_x, -along_y, textures.planks if rng.random() < 0.5 else textures.tiles, 6, 0.9, rng),
        _paint(west_south + up, along_x, along_y, textures.tiles, 8, 1.1, rng),
    ]
    for origin, u, v in walls:
        ground = textures.GROUNDS[rng.integers(len(textures.GROUNDS))]
        rectangles.append(_paint(origin, u, v, ground, 14, float(rng.uniform(0.8, 1.1)), rng))
    return rectangles


def _box(centre: DoubleArray, size: DoubleArray, yaw: float, rng: np.random.Generator) -> list[Rectangle]:
    """The top and the four sides of a box that stands on the floor."""
    u = size[0] * np.array([np.cos(yaw), np.sin(yaw), 0.0])
    v = size[1] * np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    up = np.array([0.0, 0.0, size[2]])
    corner = np.array([*centre, 0.0]) - u / 2 - v / 2 + up
    faces = [
        (corner + v, u, -v, 1.15),
        (corner, u, -up, 1.0),
        (corner + u, v, -up, 0.85),
        (corner + u + v, -u, -up, 0.95),
        (corner + v, -v, -up, 0.75),
    ]
    return [_paint(origin, a, b, _box_ground(rng), 2, light, rng) for origin, a, b, light in faces]


def _box_ground(rng: np.random.Generator) -> textures.Painter:
    choices = (textures.plaster, textures.bricks, textures.checker, textures.shapes, textures.text)
    return choices[rng.integers(len(choices))]


def _paint(
    origin: DoubleArray,
    u: DoubleArray,
    v: DoubleArray,
    ground: textures.Painter,
    posters: int,
    light: float,
    rng: np.random.Generator,
) -> Rectangle:
    """A rectangle with a texture of its own; light multiplies its brightness."""
    width, height = (max(16, round(float(np.linalg.norm(edge)) * textures.TEXELS_PER_METRE)) for edge in (u, v))
    picture = ground((height, width), rng)
    textures.hang_posters(picture, posters, rng)
    soft = cv2.GaussianBlur(picture * light, (0, 0), 0.6)
    return Rectangle(origin, u, v, np.clip(soft, 0, 255).astype(np.uint8))
