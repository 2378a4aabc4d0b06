from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.raw_image import decode_raw_image

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
    np.testing.assert_array_equal(decode_raw_image(message(encoding, pixels, padding), "x"), expected)


@pytest.mark.parametrize("bigendian", [0, 1])
def test_16_bit(bigendian: int) -> None:
    deep = RGB.astype(np.uint16) * 257 - 3
    np.testing.assert_array_equal(decode_raw_image(message("mono16", deep[..., 0], 2, bigendian), "x"), deep[..., 0])
    np.testing.assert_array_equal(decode_raw_image(message("bgr16", deep[..., ::-1], 0, bigendian), "x"), deep)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer(pattern: str) -> None:
    """A plain colour stays what it is, whichever pattern it was sampled with."""
    colour = {"r": 200, "g": 120, "b": 40}
    cell = np.array([colour[letter] for letter in pattern], np.uint8).reshape(2, 2)
    decoded = decode_raw_image(message(f"bayer_{pattern}8", np.tile(cell, (4, 4))), "x")
    np.testing.assert_array_equal(decoded[2:-2, 2:-2], np.broadcast_to((200, 120, 40), (4, 4, 3)))


def test_yuv() -> None:
    grey = np.tile(np.array([128, 90], np.uint8), (4, 6, 1))  # u or v, then y
    assert np.ptp(decode_raw_image(message("yuv422", grey), "x")) == 0
    assert np.ptp(decode_raw_image(message("yuv422_yuy2", grey[..., ::-1]), "x")) == 0


def test_the_last_row_may_lack_its_padding() -> None:
    padded = message("mono8", RGB[..., 0], 5)
    padded.data = padded.data[:-5]
    np.testing.assert_array_equal(decode_raw_image(padded, "x"), RGB[..., 0])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"encoding": "32FC1"}, "32FC1"),
        ({"encoding": ""}, "encoding ''"),
        ({"width": 0}, "no pixels"),
        ({"step": 5}, "rows of 5"),
        ({"data": np.zeros(20, np.uint8)}, "20 bytes"),
        ({"height": 400}, "24 bytes"),
    ],
)
def test_what_does_not_fit_is_said(change: dict, text: str) -> None:
    bad = message("mono8", RGB[..., 0])
    vars(bad).update(change)
    with pytest.raises(DataError, match=f"^somewhere: .*{text}"):
        decode_raw_image(bad, "somewhere")
