"""Greedy non-maximum suppression of a heat map."""

from __future__ import annotations

import numpy as np

from superpoint_ros.features.compiled import compiled
from superpoint_ros.types import BoolArray, FloatArray, IndexArray

_BUCKETS = 1 << 12
"""Classes of like scores. Few enough for a core's nearest cache, so many that only a few pixels share one."""

_FEW = 32
"""Keys that are sorted by insertion in less time than a recursion takes to begin."""


def suppress_non_maxima(heatmap: FloatArray, radius: int, threshold: float, wanted: BoolArray, count: int) -> IndexArray:
    """Greedy non-maximum suppression: take the best pixel, drop all within ``radius`` of it in x and y, repeat.

    heatmap: (H, W) float32, neither negative nor NaN. Pixels below ``threshold`` are ignored. Equal scores rank in row-major
    order. wanted: (H, W) bool, which of the pixels taken are asked for.
    Returns the flat indices (N,) int64 of the best ``count`` of those, best first.

    That is what is done, pixel by pixel. Only the order is found out step by step: pixels are put into classes of falling
    scores, and a class is sorted when its turn comes. It mostly ends long before the last one.
    """
    # The bits of floats that are not negative order like integers.
    bits = np.ascontiguousarray(heatmap, np.float32).view(np.int32)
    floor = np.float32(threshold).view(np.int32)
    return np.asarray(_suppress(bits, radius, floor, np.ascontiguousarray(wanted), min(count, heatmap.size)))


@compiled()
def _candidates(bits, floor):  # type: ignore[no-untyped-def]
    """Flat indices of the pixels that are not below the floor."""
    found, count = np.empty(bits.size + 1, np.int32), 0
    for pixel in range(bits.size):
        found[count] = pixel  # whether it counts or not: a branch that cannot be foreseen costs more than the write
        count += bits[pixel] >= floor
    return found[:count]


@compiled()
def _by_class(bits, pixels):  # type: ignore[no-untyped-def]
    """Sort keys (N,) int64 of pixels, class by class, and where each class starts (_BUCKETS + 1,).

    A key is how far the score lies below the best one, then the pixel: keys that rise are scores that fall.
    """
    best, worst = np.int32(0), np.iinfo(np.int32).max
    for pixel in pixels:
        best, worst = max(best, bits[pixel]), min(worst, bits[pixel])
    shift = 0
    while (best - worst) >> shift >= _BUCKETS:
        shift += 1
    ends = np.zeros(_BUCKETS + 1, np.int32)
    for pixel in pixels:
        ends[((best - bits[pixel]) >> shift) + 1] += 1
    for bucket in range(_BUCKETS):
        ends[bucket + 1] += ends[bucket]
    starts, keys = ends.copy(), np.empty(len(pixels), np.int64)
    for pixel in pixels:
        below = best - bits[pixel]
        keys[ends[below >> shift]] = np.int64(below) << 32 | pixel
        ends[below >> shift] += 1
    return keys, starts


@compiled()
def _sort(keys):  # type: ignore[no-untyped-def]
    if len(keys) > _FEW:
        keys.sort()
        return
    for end in range(1, len(keys)):
        key, at = keys[end], end
        while at > 0 and keys[at - 1] > key:
            keys[at] = keys[at - 1]
            at -= 1
        keys[at] = key


@compiled("int64[::1](int32[:, ::1], int64, int32, boolean[:, ::1], int64)")
def _suppress(bits, radius, floor, wanted, count):  # type: ignore[no-untyped-def]
    height, width = bits.shape
    keys, starts = _by_class(bits.ravel(), _candidates(bits.ravel(), floor))
    dropped, taken, found = np.zeros(bits.shape, np.bool_), np.empty(count, np.int64), 0
    for bucket in range(_BUCKETS):
        same = keys[starts[bucket] : starts[bucket + 1]]
        _sort(same)
        for key in same:
            pixel = key & np.int64(0xFFFFFFFF)
            y, x = divmod(pixel, width)
            if dropped[y, x]:
                continue
            if wanted[y, x]:
                if found == count:
                    return taken
                taken[found] = pixel
                found += 1
            for row in range(max(0, y - radius), min(height, y + radius + 1)):
                for column in range(max(0, x - radius), min(width, x + radius + 1)):
                    dropped[row, column] = True
    return taken[:found]
