"""Every encoding, and every way for an image message to be wrong."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg
from std_msgs.msg import Header

from superpoint_ros.errors import ImageError
from superpoint_ros.io.image_message import LAYOUTS, decode
from superpoint_ros.ros.images import encode

GREY = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8)
RGB = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def message(array: np.ndarray, encoding: str, padding: int = 0, big: bool = False) -> ImageMsg:
    """A message of an array, with ``padding`` bytes after each row."""
    rows = array.astype(array.dtype.newbyteorder(">" if big else "<")).reshape(len(array), -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    return ImageMsg(
        height=array.shape[0],
        width=array.shape[1],
        encoding=encoding,
        is_bigendian=int(big),
        step=rows.shape[1],
        data=rows.tobytes(),
    )


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize(
    ("array", "encoding", "expected"),
    [
        (GREY, "mono8", GREY),
        (GREY, "8UC1", GREY),
        (GREY.astype(np.uint16) * 1000, "mono16", GREY.astype(np.uint16) * 1000),
        (GREY.astype(np.uint16) * 1000, "16UC1", GREY.astype(np.uint16) * 1000),
        (GREY.astype(np.float32) / 255, "32FC1", GREY.astype(np.float32) / 255),
        (RGB, "rgb8", RGB),
        (RGB[..., ::-1], "bgr8", RGB),
        (RGB[..., ::-1], "8UC3", RGB),
        (np.dstack([RGB, GREY]), "rgba8", RGB),
        (np.dstack([RGB[..., ::-1], GREY]), "bgra8", RGB),
        (RGB.astype(np.uint16) * 200, "rgb16", RGB.astype(np.uint16) * 200),
        (RGB[..., ::-1].astype(np.uint16) * 200, "bgr16", RGB.astype(np.uint16) * 200),
    ],
)
def test_decodes_exactly_whatever_the_step(array: np.ndarray, encoding: str, expected: np.ndarray, padding: int) -> None:
    image = decode(message(np.ascontiguousarray(array), encoding, padding))
    np.testing.assert_array_equal(image, expected)
    assert image.dtype == expected.dtype
    assert image.flags.c_contiguous


@pytest.mark.parametrize("encoding", ["mono16", "16UC1", "32FC1"])
def test_honours_big_endian(encoding: str) -> None:
    array = (GREY / 255).astype(np.float32) if encoding == "32FC1" else GREY.astype(np.uint16) * 1000
    np.testing.assert_array_equal(decode(message(array, encoding, padding=2, big=True)), array)


@pytest.mark.parametrize(("pattern", "colour"), [("rggb", 0), ("bggr", 2), ("grbg", 0), ("gbrg", 2)])
@pytest.mark.parametrize("bits", [8, 16])
def test_bayer_pattern_names_the_colours_of_the_first_pixels(pattern: str, colour: int, bits: int) -> None:
    """A mosaic where only the pixels of one colour are bright becomes an image of that colour."""
    letter = "rgb"[colour]
    mosaic = np.zeros((8, 8), np.uint8 if bits == 8 else np.uint16)
    at = pattern.index(letter)
    mosaic[at // 2 :: 2, at % 2 :: 2] = 200
    image = decode(message(mosaic, f"bayer_{pattern}{bits}"))
    assert int(image[2:-2, 2:-2].mean(axis=(0, 1)).argmax()) == colour
    assert image[4, 4, 1] == 0


@pytest.mark.parametrize(("encoding", "luma"), [("yuv422", 1), ("uyvy", 1), ("yuv422_yuy2", 0), ("yuyv", 0)])
def test_yuv_keeps_the_brightness_in_its_place(encoding: str, luma: int) -> None:
    packed = np.full((6, 8, 2), 128, np.uint8)
    packed[..., luma] = np.linspace(30, 220, 8).astype(np.uint8)
    grey = decode(message(packed, encoding))
    expected = (np.linspace(30, 220, 8).astype(np.uint8).astype(float) - 16) * 255 / 219
    np.testing.assert_allclose(grey[..., 0], np.tile(expected, (6, 1)), atol=2)
    assert np.ptp(grey, axis=2).max() <= 1


def test_every_announced_encoding_decodes() -> None:
    """With the fewest bytes a pixel may have, grown until they fit."""
    for encoding in LAYOUTS:
        for width in (1, 2, 3, 4, 6, 8):
            try:
                image = decode(ImageMsg(height=4, width=4, encoding=encoding, step=4 * width, data=bytes(16 * width)))
                break
            except ImageError:
                continue
        else:
            pytest.fail(f"{encoding} does not decode")
        assert image.shape[:2] == (4, 4)


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_compressed_images(extension: str) -> None:
    flat = np.full((16, 24, 3), (200, 120, 40), np.uint8)
    ok, data = cv2.imencode(extension, flat[..., ::-1])
    assert ok
    image = decode(CompressedImage(format=f"bgr8; {extension[1:]} compressed bgr8", data=data.tobytes()))
    np.testing.assert_allclose(image.astype(int), flat, atol=3)
    ok, data = cv2.imencode(extension, GREY)
    np.testing.assert_allclose(decode(CompressedImage(format="mono8", data=data.tobytes())).astype(int), GREY, atol=4)


def test_compressed_16_bit_png_keeps_its_depth() -> None:
    deep = GREY.astype(np.uint16) * 1000
    _, data = cv2.imencode(".png", deep)
    np.testing.assert_array_equal(decode(CompressedImage(format="mono16; png compressed", data=data.tobytes())), deep)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (ImageMsg(height=2, width=2, encoding="jabberwocky", step=2, data=bytes(4)), "unknown image encoding 'jabberwocky'"),
        (ImageMsg(height=2, width=2, encoding="", step=2, data=bytes(4)), "unknown image encoding ''"),
        (ImageMsg(height=2, width=2, encoding="mono8", step=1, data=bytes(2)), "step 1 is too short"),
        (ImageMsg(height=2, width=2, encoding="rgb8", step=4, data=bytes(8)), "need 6 bytes a row"),
        (ImageMsg(height=2, width=2, encoding="mono8", step=2, data=bytes(3)), "3 bytes of data"),
        (ImageMsg(height=2, width=2, encoding="mono8", step=2, data=bytes(5)), "5 bytes of data"),
        (ImageMsg(height=0, width=2, encoding="mono8", step=2), "empty: 2x0"),
        (ImageMsg(height=2, width=0, encoding="mono8", step=0), "empty: 0x2"),
        (message(np.full((2, 2), np.nan, np.float32), "32FC1"), "4 pixels that are NaN"),
        (message(np.array([[0, np.inf]], np.float32), "32FC1"), "1 pixels that are NaN or infinite"),
        (message(np.zeros((2, 3, 2), np.uint8), "yuv422"), "cannot be in encoding 'yuv422'"),
        (CompressedImage(format="jpeg"), "0 bytes"),
        (CompressedImage(format="jpeg", data=b"no picture"), r"format 'jpeg', 10 bytes\) is not .* or it is damaged"),
        (CompressedImage(format="16UC1; compressedDepth", data=b"x"), "depth image"),
    ],
)
def test_says_what_is_wrong(bad: ImageMsg | CompressedImage, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        decode(bad)


@pytest.mark.parametrize("array", [GREY, RGB, RGB[:, ::2]])
def test_encode_is_the_inverse_and_keeps_the_header(array: np.ndarray) -> None:
    header = Header(frame_id="camera")
    made = encode(array, header)
    assert made.header == header
    np.testing.assert_array_equal(decode(made), array)
