"""camera_info as sensor_msgs defines it, and as drivers send it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.camera_info import camera_from_info
from superpoint_ros.types import Camera


def roi(x: int = 0, y: int = 0, width: int = 0, height: int = 0) -> SimpleNamespace:
    return SimpleNamespace(x_offset=x, y_offset=y, width=width, height=height)


def info(**fields: object) -> SimpleNamespace:
    """A message of whichever library."""
    message = SimpleNamespace(width=640, height=480, binning_x=0, binning_y=0, roi=roi(), distortion_model="plumb_bob")
    message.d = [-0.3, 0.1, 0.001, 0.002, 0.0]
    message.k = np.array([500.0, 0, 320, 0, 510, 240, 0, 0, 1])
    message.p = np.array([450.0, 0, 310, -45, 0, 460, 230, 0, 0, 0, 1, 0])
    vars(message).update(fields)
    return message


def test_intrinsics_and_distortion() -> None:
    camera = camera_from_info(info(), (640, 480))
    assert camera == Camera(640, 480, 500.0, 510.0, 320.0, 240.0, "plumb_bob", (-0.3, 0.1, 0.001, 0.002, 0.0))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("plumb_bob", "plumb_bob"),
        ("rational_polynomial", "rational_polynomial"),
        ("equidistant", "equidistant"),
        ("fisheye", "equidistant"),
    ],
)
def test_distortion_models(name: str, model: str) -> None:
    camera = camera_from_info(info(distortion_model=name, d=[0.1, 0.0, 0.0, 0.01]), (640, 480))
    assert camera is not None
    assert (camera.model, camera.distortion) == (model, (0.1, 0.0, 0.0, 0.01))


def test_no_distortion_is_a_pinhole() -> None:
    for name, d in (("plumb_bob", [0.0] * 5), ("", [])):
        camera = camera_from_info(info(distortion_model=name, d=d), (640, 480))
        assert camera is not None
        assert (camera.model, camera.distortion) == ("pinhole", ())


def test_the_rectified_image_is_described_by_p() -> None:
    camera = camera_from_info(info(distortion_model="nonsense"), (640, 480), rectified=True)
    assert camera == Camera(640, 480, 450.0, 460.0, 310.0, 230.0)


def test_zeros_mean_uncalibrated() -> None:
    assert camera_from_info(info(k=np.zeros(9)), (640, 480)) is None
    assert camera_from_info(info(p=np.zeros(12)), (640, 480), rectified=True) is None


def test_binning_and_region_of_interest_keep_rays_where_they_were() -> None:
    """The ray through a pixel of the full image goes through the corresponding place of the part that was sent."""
    message = info(binning_x=2, binning_y=4, roi=roi(40, 80, 400, 320))
    full, part = camera_from_info(info(), (640, 480)), camera_from_info(message, (200, 80))
    assert full is not None
    assert part is not None
    u, v = 123.0, 200.0
    binned_u, binned_v = (u - 40 + 0.5) / 2 - 0.5, (v - 80 + 0.5) / 4 - 0.5
    assert (binned_u - part.cx) / part.fx == pytest.approx((u - full.cx) / full.fx)
    assert (binned_v - part.cy) / part.fy == pytest.approx((v - full.cy) / full.fy)
    assert (part.width, part.height) == (200, 80)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (info(), "for images of 640x480 pixels but the image has 320x240"),
        (info(binning_x=4), "for images of 160x480"),
        (info(binning_x=2, binning_y=2, distortion_model="spaghetti"), "unknown distortion model 'spaghetti'"),
    ],
)
def test_says_what_does_not_fit(message: SimpleNamespace, words: str) -> None:
    with pytest.raises(DataError, match=words):
        camera_from_info(message, (320, 240))


def test_an_equidistant_lens_without_coefficients_is_no_pinhole() -> None:
    camera = camera_from_info(info(distortion_model="equidistant", d=[0.0] * 4), (640, 480))
    assert camera is not None
    assert camera.model == "equidistant"


def test_messages_of_ros_1() -> None:
    message = info()
    for name in ("k", "p", "d"):
        setattr(message, name.upper(), vars(message).pop(name))
    assert camera_from_info(message, (640, 480)) == camera_from_info(info(), (640, 480))
    assert camera_from_info(message, (640, 480), rectified=True) == camera_from_info(info(), (640, 480), rectified=True)
