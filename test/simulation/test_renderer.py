"""The renderer is an oracle: what it draws must lie where the pose says, to a tenth of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from superpoint_ros.simulation.renderer import render
from superpoint_ros.simulation.scene import Rectangle, Scene
from superpoint_ros.types import Camera, Pose

CAMERA = Camera(320, 240, 250.0, 250.0, 155.0, 123.0)


def rotation(*vector: float) -> np.ndarray:
    return np.asarray(cv2.Rodrigues(np.array(vector))[0])


def dotted_wall() -> tuple[Rectangle, np.ndarray]:
    """A wall 2 m in front of the origin, facing it, with white dots; and the dots' texels."""
    texture = np.zeros((400, 600), np.uint8)
    dots = np.array([(x, y) for x in range(60, 600, 80) for y in range(50, 400, 70)], np.float64)
    for x, y in dots.astype(int):
        cv2.circle(texture, (int(x), int(y)), 5, 255, -1)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.0)
    return Rectangle(np.array([-1.5, -1.0, 2.0]), np.array([3.0, 0, 0]), np.array([0, 2.0, 0]), texture), dots


def project(points: np.ndarray, pose: Pose) -> np.ndarray:
    local = (points - pose.translation) @ pose.rotation
    pixels = local @ CAMERA.matrix.T
    return pixels[:, :2] / pixels[:, 2:]


@pytest.mark.parametrize(
    "pose",
    [
        Pose(),
        Pose(rotation(0.05, 0.5, 0.1), np.array([-0.8, 0.1, 0.3])),
        Pose(rotation(-0.15, 0.0, 0.8), np.array([0.1, 0.4, 0.3])),
        Pose(translation=np.array([0.2, 0.1, -4.0])),  # far: the dots come from a coarse level of the pyramid
    ],
    ids=["frontal", "slanted", "rolled", "far"],
)
def test_dots_lie_where_the_pose_says(pose: Pose) -> None:
    wall, dots = dotted_wall()
    image, _ = render(Scene((wall,)), CAMERA, pose)
    expected = project(wall.texel_to_world(dots), pose)
    inside = np.all((expected > 8) & (expected < (311, 231)), axis=1)
    assert inside.sum() >= 10
    half = 2 if pose.translation[2] < -1 else 7  # a window that holds one dot and not its neighbours
    errors = []
    for x, y in expected[inside]:
        left, top = round(x) - half, round(y) - half
        window = image[top : top + 2 * half + 1, left : left + 2 * half + 1].astype(np.float64)
        columns, rows = np.meshgrid(np.arange(2 * half + 1) + left, np.arange(2 * half + 1) + top)
        errors.append(np.hypot((window * columns).sum() / window.sum() - x, (window * rows).sum() / window.sum() - y))
    assert np.median(errors) < 0.05
    assert np.max(errors) < 0.1


def test_depth_is_that_of_the_plane() -> None:
    wall, _ = dotted_wall()
    pose = Pose(rotation(0.0, 0.4, 0.0), np.array([-0.3, 0.0, 0.2]))
    _, depth = render(Scene((wall,)), CAMERA, pose)
    rows, columns = np.nonzero(np.isfinite(depth))
    rays = (
        np.column_stack(((columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones(len(rows)))) @ pose.rotation.T
    )
    expected = (2.0 - pose.translation[2]) / rays[:, 2]
    inside = np.all(np.abs((pose.translation + expected[:, None] * rays)[:, :2]) < (1.48, 0.98), axis=1)
    np.testing.assert_allclose(depth[rows, columns][inside], expected[inside], rtol=1e-4)
    assert inside.sum() > 30000


def test_nearer_surfaces_hide_farther_ones_in_any_order() -> None:
    def plate(z: float, half: float, tone: int) -> Rectangle:
        corner = np.array([-half, -half, z])
        return Rectangle(corner, np.array([2 * half, 0, 0]), np.array([0, 2 * half, 0]), np.full((64, 64), tone, np.uint8))

    near, far = plate(1.0, 0.1, 200), plate(2.0, 1.0, 80)
    for order in ((near, far), (far, near)):
        image, depth = render(Scene(order), CAMERA, Pose())
        assert image[123, 155] == 200
        assert depth[123, 155] == pytest.approx(1.0)
        assert image[123, 255] == 80
        assert depth[123, 255] == pytest.approx(2.0)


def test_the_back_of_a_surface_and_what_lies_behind_the_camera_are_invisible() -> None:
    wall, _ = dotted_wall()
    for pose in (Pose(rotation(0, np.pi, 0), np.array([0, 0, 4.0])), Pose(rotation(0, np.pi, 0))):
        image, depth = render(Scene((wall,)), CAMERA, pose)
        assert not image.any()
        assert np.isinf(depth).all()


def test_a_surface_that_passes_the_camera_is_clipped() -> None:
    """A floor that runs from behind the camera to the horizon fills the lower half and nothing above the horizon."""
    texture = np.full((200, 400), 150, np.uint8)
    floor = Rectangle(np.array([-20.0, 1.0, 20.0]), np.array([40.0, 0, 0]), np.array([0, 0, -40.0]), texture)
    image, depth = render(Scene((floor,)), CAMERA, Pose())
    assert not image[:123].any()
    assert (image[137:] == 150).all()
    np.testing.assert_allclose(depth[200], CAMERA.fy / (200 - CAMERA.cy), rtol=1e-4)
