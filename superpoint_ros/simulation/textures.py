"""Procedural textures with corners at every scale: bricks, tiles, planks, checkers and posters. Grey, uint8, no files."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from superpoint_ros.types import FloatArray

TEXELS_PER_METRE = 256

Grey = FloatArray
"""A picture in the making: (H, W) float32, 0 to 255."""


def noise(shape: tuple[int, int], rng: np.random.Generator, strength: float = 1.0) -> Grey:
    """(H, W) float32 around 0: grain and stains at four octaves, standard deviation about 8 grey levels times strength."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    for cell, amplitude in ((1, 3.0), (4, 4.0), (16, 4.0), (64, 4.0)):
        coarse = rng.standard_normal((height // cell + 2, width // cell + 2), np.float32)
        total += amplitude * strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return total


def bricks(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Rows of bricks, every other row shifted by half a brick."""
    height, width = rng.integers(18, 28), rng.integers(50, 72)
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    row = y // height
    x = x + (row % 2) * (width // 2)
    tones = rng.uniform(80, 190, (shape[0] // height + 1, shape[1] // width + 2))
    mortar = (y % height < 3) | (x % width < 3)
    picture = np.where(mortar, rng.uniform(30, 60), tones[row, x // width])
    return picture.astype(np.float32) + noise(shape, rng)


def tiles(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Square tiles of random tone; a quarter of them carries a diamond."""
    side = int(rng.integers(72, 110))
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    rows, columns = shape[0] // side + 1, shape[1] // side + 1
    tones = rng.uniform(70, 210, (rows, columns))
    marked = rng.random((rows, columns)) < 0.25
    picture = tones[y // side, x // side]
    diamond = (np.abs(y % side - side / 2) + np.abs(x % side - side / 2) < side * 0.3) & marked[y // side, x // side]
    picture = np.where(diamond, 255.0 - picture, picture)
    picture = np.where((y % side < 2) | (x % side < 2), 35.0, picture)
    return picture.astype(np.float32) + noise(shape, rng, 0.7)


def planks(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Floor boards of random length with grain along them."""
    width = int(rng.integers(28, 40))
    picture = np.empty(shape, np.float32)
    for top in range(0, shape[0], width):
        board = picture[top : top + width]
        left = -int(rng.integers(0, 200))
        while left < shape[1]:
            right = left + int(rng.integers(120, 420))
            board[:, max(left, 0) : right] = rng.uniform(90, 170)
            board[:, max(right - 2, 0) : max(right, 0)] = 30
            left = right
        board[:2] = 30
    grain = rng.standard_normal((shape[0], shape[1] // 16 + 2), np.float32)
    return picture + 6.0 * cv2.resize(grain, (shape[1], shape[0])) + noise(shape, rng, 0.7)


def plaster(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """A plain wall with stains: what is left for features is what hangs on it."""
    return np.float32(rng.uniform(120, 190)) + noise(shape, rng, 1.2)


def checker(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """A checkerboard whose squares differ a little, so that no two corners look quite the same."""
    side = int(rng.integers(14, 34))
    y, x = np.arange(shape[0])[:, None] // side, np.arange(shape[1])[None, :] // side
    tones = rng.uniform(-25, 25, (shape[0] // side + 1, shape[1] // side + 1))
    return (np.where((y + x) % 2 == 0, 60.0, 190.0) + tones[y, x]).astype(np.float32)


def shapes(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Polygons, discs and lines on a plain ground."""
    picture = np.full(shape, rng.uniform(30, 220), np.float32)
    size = min(shape)
    for _ in range(int(rng.integers(8, 16))):
        tone = float(rng.uniform(0, 255))
        centre = rng.uniform((0, 0), (shape[1], shape[0]))
        radius = rng.uniform(0.06, 0.3) * size
        kind = rng.integers(0, 3)
        if kind == 0:
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            corners = centre + radius * np.column_stack((np.cos(angles), np.sin(angles)))
            cv2.fillPoly(picture, [np.round(corners * 16).astype(np.int32)], tone, cv2.LINE_8, 4)
        elif kind == 1:
            cv2.circle(picture, tuple(map(int, centre)), int(radius / 2) + 2, tone, -1)
        else:
            end = rng.uniform((0, 0), (shape[1], shape[0]))
            cv2.line(picture, tuple(map(int, centre)), tuple(map(int, end)), tone, int(rng.integers(2, 7)))
    return picture


def text(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Lines of random letters in several sizes."""
    ground = rng.uniform(0, 255)
    picture = np.full(shape, ground, np.float32)
    letters = np.array(list("ABCDEFGHKLMNPRSTUVWXYZ0123456789"))
    y = 0
    while y < shape[0]:
        scale = float(rng.choice((0.5, 0.8, 1.3, 2.0)))
        y += int(30 * scale) + 4
        tone = float((ground + rng.uniform(90, 165)) % 256)
        line = "".join(rng.choice(letters, int(shape[1] / (17 * scale)) + 1))
        cv2.putText(picture, line, (4, y), cv2.FONT_HERSHEY_SIMPLEX, scale, tone, max(1, round(2 * scale)))
    return picture


Painter = Callable[[tuple[int, int], np.random.Generator], Grey]
GROUNDS: tuple[Painter, ...] = (bricks, tiles, planks, plaster)
POSTERS: tuple[Painter, ...] = (shapes, text, checker, shapes, text)


def hang_posters(picture: Grey, count: int, rng: np.random.Generator) -> None:
    """Paint posters of 0.3 to 1.1 m onto a picture, in place, each a little askew."""
    height, width = picture.shape
    for _ in range(count):
        rows, columns = (int(side * TEXELS_PER_METRE) for side in rng.uniform(0.3, 1.1, 2))
        poster = POSTERS[rng.integers(len(POSTERS))]((rows, columns), rng)
        framed = cv2.copyMakeBorder(poster, 5, 5, 5, 5, cv2.BORDER_CONSTANT, value=float(rng.choice((15, 240))))
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), float(rng.normal(0, 4)), 1.0)
        turn[:, 2] += np.asarray(rng.uniform((0, 0), (max(1, width - columns), max(1, height - rows))))
        cv2.warpAffine(framed, turn, (width, height), picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
