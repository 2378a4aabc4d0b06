from __future__ import annotations

from array import array
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import ImageError
from superpoint_ros.io.image_message import decode
from superpoint_ros.io.images import decode_image

RGB = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def message(encoding: str, image: np.ndarray, padding: int = 0, bigendian: int = 0) -> SimpleNamespace:
    rows = (
        np.ascontiguousarray(image.astype(image.dtype.newbyteorder(">")) if bigendian else image)
        .view(np.uint8)
        .reshape(len(image), -1)
    )
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return SimpleNamespace(
        encoding=encoding,
        height=image.shape[0],
        width=image.shape[1],
        step=padded.shape[1],
        is_bigendian=bigendian,
        data=padded.ravel(),
    )


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("mono8", RGB[..., 0], RGB[..., 0]),
        ("8UC1", RGB[..., 0], RGB[..., 0]),
        ("rgb8", RGB, RGB),
        ("bgr8", RGB[..., ::-1], RGB),
        ("8UC3", RGB[..., ::-1], RGB),
        ("rgba8", np.dstack((RGB, RGB[..., 0])), RGB),
        ("bgra8", np.dstack((RGB[..., ::-1], RGB[..., 0])), RGB),
    ],
)
def test_8_bit(encoding: str, pixels: np.ndarray, expected: np.ndarray, padding: int) -> None:
    np.testing.assert_array_equal(decode(message(encoding, pixels, padding)), expected)


@pytest.mark.parametrize("bigendian", [0, 1])
def test_16_bit(bigendian: int) -> None:
    deep = RGB.astype(np.uint16) * 257 - 3
    np.testing.assert_array_equal(decode(message("mono16", deep[..., 0], 2, bigendian)), deep[..., 0])
    np.testing.assert_array_equal(decode(message("bgr16", deep[..., ::-1], 0, bigendian)), deep)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer(pattern: str) -> None:
    """A plain colour stays what it is, whichever pattern it was sampled with."""
    colour = {"r": 200, "g": 120, "b": 40}
    cell = np.array([colour[letter] for letter in pattern], np.uint8).reshape(2, 2)
    decoded = decode(message(f"bayer_{pattern}8", np.tile(cell, (4, 4))))
    np.testing.assert_array_equal(decoded[2:-2, 2:-2], np.broadcast_to((200, 120, 40), (4, 4, 3)))


def test_yuv() -> None:
    grey = np.tile(np.array([128, 90], np.uint8), (4, 6, 1))  # u or v, then y
    assert np.ptp(decode(message("yuv422", grey))) == 0
    assert np.ptp(decode(message("yuv422_yuy2", grey[..., ::-1]))) == 0


def test_the_last_row_may_lack_its_padding() -> None:
    padded = message("mono8", RGB[..., 0], 5)
    padded.data = padded.data[:-5]
    np.testing.assert_array_equal(decode(padded), RGB[..., 0])
    padded.data = padded.data[:-1]
    with pytest.raises(ImageError, match="38 bytes"):
        decode(padded)


def test_data_may_be_bytes_or_any_array_and_is_not_changed() -> None:
    raw = message("rgb8", RGB)
    for data in (raw.data.tobytes(), array("B", raw.data.tobytes()), memoryview(raw.data)):
        raw.data = data
        np.testing.assert_array_equal(decode(raw), RGB)


def test_a_float_image_of_a_bag_is_that_of_a_topic() -> None:
    values = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(decode(message("32FC1", values)), values)


def test_the_exif_rotation_of_a_compressed_image_does_not_turn_it_away_from_its_camera_info() -> None:
    _, jpeg = cv2.imencode(".jpg", np.zeros((8, 16), np.uint8))
    # An Exif segment with the one entry Orientation = 6: turn by 90 degrees.
    tiff = b"MM\x00*" + (8).to_bytes(4, "big") + b"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + bytes(4)
    exif = b"Exif\x00\x00" + tiff
    data = b"\xff\xd8\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg.tobytes()[2:]
    assert decode_image(np.frombuffer(data, np.uint8), "a file").shape == (16, 8)
    assert decode(SimpleNamespace(format="jpeg", data=data)).shape == (8, 16)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"encoding": "64FC1"}, "64FC1"),
        ({"encoding": ""}, "encoding ''"),
        ({"width": 0}, "empty: 0x4"),
        ({"step": 5}, "step 5"),
        ({"data": np.zeros(20, np.uint8)}, "20 bytes"),
        ({"data": np.zeros(25, np.uint8)}, "25 bytes"),
        ({"height": 400}, "24 bytes"),
    ],
)
def test_what_does_not_fit_is_said(change: dict, text: str) -> None:
    bad = message("mono8", RGB[..., 0])
    vars(bad).update(change)
    with pytest.raises(ImageError, match=text):
        decode(bad)
