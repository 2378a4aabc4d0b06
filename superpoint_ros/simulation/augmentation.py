"""Photometric augmentation: what changes between two images of the same thing that nobody moved."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def augment(rng: np.random.Generator, image: NDArray[np.uint8], strength: float = 1.0) -> NDArray[np.uint8]:
    """Random shadow, contrast, brightness, gamma, blur and noise; (H, W) uint8 in and out. Strength 0 changes nothing."""
    if strength == 0.0:
        return image
    result = image.astype(np.float32)
    if rng.random() < 0.4:
        result = _shade(rng, result, strength)
    mean = float(result.mean())
    # The mean stays away from black and white: what is clipped away could still carry a label.
    shifted = np.clip(mean + rng.uniform(-50, 50) * strength, min(mean, 50.0), max(mean, 205.0))
    result = (result - mean) * rng.uniform(1.0 - 0.6 * strength, 1.0 + 0.4 * strength) + shifted
    if rng.random() < 0.3:
        result = 255.0 * (np.clip(result, 0, 255) / 255.0) ** rng.uniform(1.0 - 0.4 * strength, 1.0 + 0.6 * strength)
    chance = rng.random()
    if chance < 0.3:
        result = cv2.GaussianBlur(result, (0, 0), rng.uniform(0.3, 0.3 + 1.2 * strength))
    elif chance < 0.45:
        result = _motion_blur(rng, result, strength)
    if rng.random() < 0.7:
        result += rng.standard_normal(result.shape, np.float32) * np.float32(rng.uniform(1.0, 14.0) * strength)
    if rng.random() < 0.1:
        specks = rng.random(result.shape, np.float32)
        share = 0.006 * strength
        result[specks < share] = 0.0
        result[specks > 1.0 - share] = 255.0
    return np.clip(result, 0, 255).astype(np.uint8)


def degrade(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What ruins an image: a dark sensor's noise, a lens out of focus, or hard compression. (H, W) uint8 in and out."""
    chance = rng.random()
    if chance < 0.6:
        noise = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(15.0, 70.0))
        return np.clip(image + noise, 0, 255).astype(np.uint8)
    if chance < 0.8:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(1.5, 3.0)), np.uint8)
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(5, 30))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def _shade(rng: np.random.Generator, image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Soft dark or bright ellipses."""
    height, width = image.shape
    scale = 4
    mask = np.zeros((height // scale + 1, width // scale + 1), np.float32)
    for _ in range(rng.integers(1, 5)):
        centre = (float(rng.uniform(0, mask.shape[1])), float(rng.uniform(0, mask.shape[0])))
        axes = (float(rng.uniform(0.2, 1.0) * mask.shape[1]), float(rng.uniform(0.2, 1.0) * mask.shape[0]))
        cv2.ellipse(mask, (centre, axes, float(rng.uniform(0, 360))), 1.0, -1)
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), rng.uniform(2.0, 8.0)), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(image * (1.0 + rng.uniform(-0.6, 0.6) * strength * soft), np.float32)


def _motion_blur(rng: np.random.Generator, image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    length = int(rng.integers(3, 4 + round(5 * strength))) | 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1.0)
    turned = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(image, -1, turned / turned.sum(), borderType=cv2.BORDER_REFLECT), np.float32)
