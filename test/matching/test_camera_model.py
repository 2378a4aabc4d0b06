import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.matching.camera_model import normalize_points, undistort_points
from superpoint_ros.types import Camera

CAMERAS = {
    "pinhole": Camera(1241, 376, 707.1, 707.1, 601.9, 183.1),
    "plumb_bob": Camera(640, 480, 520.9, 521.0, 325.1, 249.7, "plumb_bob", (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
    "barrel": Camera(752, 480, 458.7, 457.3, 367.2, 248.4, "plumb_bob", (-0.2834, 0.0740, 0.00019, 1.76e-05)),
    "rational": Camera(
        1280, 720, 610.0, 609.5, 640.3, 362.1, "rational_polynomial", (0.62, -2.8, 0.0008, -0.0003, 1.62, 0.5, -2.63, 1.55)
    ),
    "fisheye": Camera(512, 512, 190.98, 190.97, 254.9, 256.9, "equidistant", (0.0034, 0.00071, -0.0021, 0.0002)),
}


def project(rays: np.ndarray, camera: Camera) -> np.ndarray:
    zero = np.zeros(3)
    function = cv2.fisheye.projectPoints if camera.model == "equidistant" else cv2.projectPoints
    points = np.column_stack([rays, np.ones(len(rays))])[:, None]
    return function(points, zero, zero, camera.matrix, np.array(camera.distortion or (0.0,) * 4))[0].reshape(-1, 2)


@pytest.mark.parametrize("name", CAMERAS)
def test_round_trip_through_opencv_projection(name: str) -> None:
    camera = CAMERAS[name]
    rng = np.random.default_rng(0)
    reach = (0.95 * camera.cx / camera.fx, 0.95 * camera.cy / camera.fy)
    rays = rng.uniform(-1.0, 1.0, (2000, 2)) * (np.minimum(reach, 1.8))
    pixels = project(rays, camera)
    error = np.abs(normalize_points(pixels, camera) - rays) * (camera.fx, camera.fy)
    assert error.max() < 1e-3
    np.testing.assert_allclose(
        undistort_points(pixels, camera), rays * (camera.fx, camera.fy) + (camera.cx, camera.cy), atol=1e-3
    )


def test_float32_keypoints_are_welcome() -> None:
    assert normalize_points(np.array([[325.1, 249.7]], np.float32), CAMERAS["plumb_bob"]).dtype == np.float64


@pytest.mark.parametrize("name", CAMERAS)
def test_no_points(name: str) -> None:
    assert normalize_points(np.empty((0, 2), np.float32), CAMERAS[name]).shape == (0, 2)


def test_points_that_no_ray_projects_to_become_nan() -> None:
    camera = CAMERAS["fisheye"]
    # 300 pixels of radius are 90 degrees of this lens: beyond, nothing meets the plane z = 1.
    rays = normalize_points(np.array([[254.9, 256.9], [254.9 + 400.0, 256.9]]), camera)
    np.testing.assert_allclose(rays[0], 0.0, atol=1e-9)
    assert np.isnan(rays[1]).all()


def test_pinhole_with_padded_zeros() -> None:
    padded = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "pinhole", (0.0,) * 5)
    np.testing.assert_allclose(normalize_points(np.array([[420.0, 240.0]]), padded), [[0.2, 0.0]])


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (Camera(640, 480, 0.0, 0.0, 0.0, 0.0), "focal length must be positive"),
        (Camera(640, 480, 500.0, -1.0, 320.0, 240.0), "focal length must be positive"),
        (Camera(640, 480, float("nan"), 500.0, 320.0, 240.0), "not finite"),
        (
            Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "plumb_bob", (0.1, 0.2, 0.3)),
            "'plumb_bob' has 0 or 4 or 5 coefficients, got 3",
        ),
        (Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "equidistant", (0.1,) * 5), "has 4 coefficients, got 5"),
        (Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "rational_polynomial", (0.1,) * 5), "has 8 coefficients, got 5"),
        (Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "pinhole", (0.1,)), "'pinhole' has 0 coefficients, got 1"),
        (Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "double_sphere", ()), "unknown distortion model 'double_sphere'"),  # type: ignore[arg-type]
    ],
)
def test_unusable_intrinsics(camera: Camera, message: str) -> None:
    with pytest.raises(DataError, match=message):
        normalize_points(np.zeros((1, 2)), camera)
