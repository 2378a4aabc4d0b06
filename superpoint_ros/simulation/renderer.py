"""Draws a scene as a camera sees it: one homography per rectangle, an exact depth buffer, twice as fine as the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.simulation.scene import Rectangle, Scene
from superpoint_ros.types import Camera, DoubleArray, FloatArray, Pose

_OVERSAMPLING = 2
_NEAR = 0.05
_OVERLAP = 1e-4
"""Patches reach this far (in units of their rectangle's sides) into each other: float32 must not leave cracks between them."""
_PATCH = 2.0
"""Metres: rectangles are drawn in patches of at most this side, each from the pyramid level that suits its distance."""


def render(scene: Scene, camera: Camera, pose: Pose) -> tuple[NDArray[np.uint8], FloatArray]:
    """The image of a pinhole camera and its depth.

    pose: ``T_world_camera``. Returns grey (H, W) uint8, and (H, W) float32 metres along the optical axis (inf where the camera
    sees nothing) at the centres of the pixels.
    """
    fine = _oversampled(camera)
    picture = np.zeros((fine.height, fine.width), np.uint8)
    inverse_depth = np.zeros((fine.height, fine.width), np.float32)
    T_camera_world = pose.inverse()
    for rectangle in scene.rectangles:
        if rectangle.normal @ (pose.translation - rectangle.origin) > _NEAR:
            _draw(rectangle, fine, T_camera_world, picture, inverse_depth)
    size = (camera.width, camera.height)
    with np.errstate(divide="ignore"):
        depth = 1.0 / np.asarray(cv2.resize(inverse_depth, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), depth


def _oversampled(camera: Camera) -> Camera:
    """The same camera with pixels of half the side; a pixel centre x lies at 2 x + 0.5 in the finer image."""
    k = _OVERSAMPLING
    shift = (k - 1) / 2
    return Camera(camera.width * k, camera.height * k, camera.fx * k, camera.fy * k, camera.cx * k + shift, camera.cy * k + shift)


def _draw(
    rectangle: Rectangle, camera: Camera, T_camera_world: Pose, picture: NDArray[np.uint8], inverse_depth: FloatArray
) -> None:
    """Draw what is nearer than the picture so far, in place."""
    rotation = camera.matrix @ T_camera_world.rotation
    offset = camera.matrix @ T_camera_world.translation
    # The homogeneous pixel of origin + a u + b v, 0 <= a, b <= 1, is plane @ (a, b, 1); its third entry is the depth.
    plane = np.column_stack((rotation @ rectangle.u, rotation @ rectangle.v, rotation @ rectangle.origin + offset))
    # 1/depth is an affine function of the pixel: (a, b, 1) / depth = plane^-1 (x, y, 1).
    inverse = np.asarray(np.linalg.inv(plane), np.float64)
    columns, rows = (max(1, int(np.ceil(np.linalg.norm(edge) / _PATCH))) for edge in (rectangle.u, rectangle.v))
    for row in range(rows):
        for column in range(columns):
            corners = np.array([[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]]) / (columns, rows)
            outline = _clip(np.column_stack((corners, np.ones(4))) @ plane.T)
            if len(outline):
                _draw_patch(rectangle, plane, inverse, corners, outline, picture, inverse_depth)


def _clip(points: DoubleArray) -> DoubleArray:
    """The part of a convex polygon of homogeneous pixels (N, 3) in front of the near plane, as pixels (M, 2); M may be 0."""
    kept = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        if start[2] >= _NEAR:
            kept.append(start)
        if (start[2] >= _NEAR) != (end[2] >= _NEAR):
            kept.append(start + (end - start) * (_NEAR - start[2]) / (end[2] - start[2]))
    clipped = np.array(kept).reshape(-1, 3)
    return np.asarray(clipped[:, :2] / clipped[:, 2:], np.float64)


def _draw_patch(
    rectangle: Rectangle,
    plane: DoubleArray,
    inverse: DoubleArray,
    corners: DoubleArray,
    outline: DoubleArray,
    picture: NDArray[np.uint8],
    inverse_depth: FloatArray,
) -> None:
    """Draw the part of a rectangle between two corners (in units of u and v) whose outline in pixels is known."""
    height, width = picture.shape
    left, top = np.clip(np.floor(outline.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(outline.max(axis=0)) + 1, 0, (width, height)).astype(int)
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32)[None, :]
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    a, b, w = (np.float32(row[0]) * x + (np.float32(row[1]) * y + np.float32(row[2])) for row in inverse)
    (a0, b0), (a1, b1) = (corners[0] - _OVERLAP).astype(np.float32), (corners[2] + _OVERLAP).astype(np.float32)
    window = np.s_[top:bottom, left:right]
    visible = (w > inverse_depth[window]) & (a >= a0 * w) & (a <= a1 * w) & (b >= b0 * w) & (b <= b1 * w)
    if not visible.any():
        return
    level = _level(rectangle, inverse, np.clip(outline.mean(axis=0), (left, top), (right, bottom)))
    texture = rectangle.pyramid[level]
    # Pixel of the window -> texel of the level: the first texel of level k is centred at 2^k / 2 texels from the origin.
    scale = np.diag([rectangle.texture.shape[1] / 2**level, rectangle.texture.shape[0] / 2**level, 1.0])
    centre = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    window_to_texel = centre @ scale @ inverse @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
    warped = cv2.warpPerspective(
        texture,
        window_to_texel,
        (int(right - left), int(bottom - top)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cv2.copyTo(warped, visible.view(np.uint8), picture[window])
    cv2.copyTo(w, visible.view(np.uint8), inverse_depth[window])


def _level(rectangle: Rectangle, inverse: DoubleArray, pixel: DoubleArray) -> int:
    """The pyramid level whose texels are about as large as a pixel there."""
    a, b, w = inverse @ np.array([*pixel, 1.0])
    size = np.array([rectangle.texture.shape[1], rectangle.texture.shape[0]])
    if w <= 0:
        return 0
    jacobian = (inverse[:2, :2] - np.outer((a, b), inverse[2, :2]) / w) / w * size[:, None]
    largest, smallest = np.linalg.svd(jacobian, compute_uv=False)
    # Between the two directions of a slanted surface: sharp along one, filtered by the oversampling along the other.
    texels = max(np.sqrt(largest * smallest), largest / _OVERSAMPLING)
    return int(np.clip(round(np.log2(max(texels, 1.0))), 0, len(rectangle.pyramid) - 1))
