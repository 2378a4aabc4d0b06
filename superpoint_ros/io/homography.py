"""Homographies in text files: three lines of three numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.io.trajectory import read_numbers
from superpoint_ros.types import DoubleArray

_SINGULAR = 1e-12


def read_homography(path: Path) -> DoubleArray:
    """(3, 3) float64 with H[2, 2] = 1. Raises DataError where the file is missing or does not hold an invertible matrix."""
    matrix = read_numbers(path, 3)
    if matrix.shape != (3, 3):
        raise DataError(f"{path} must hold a 3x3 matrix, it has {len(matrix)} lines of numbers")
    if abs(matrix[2, 2]) < _SINGULAR:
        raise DataError(f"{path}: the last number of a homography must not be 0, got {matrix[2, 2]:g}")
    matrix = matrix / matrix[2, 2]
    if abs(np.linalg.det(matrix)) < _SINGULAR:
        raise DataError(f"{path} holds a singular matrix, which is no homography")
    return np.asarray(matrix, np.float64)
