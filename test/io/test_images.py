from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.io.images import find_images, image_size, read_image

RED = np.full((4, 6, 3), (250, 20, 10), np.uint8)


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)
    return path


def test_pixels_come_as_they_were_stored(tmp_path: Path) -> None:
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6)
    np.testing.assert_array_equal(read_image(save(tmp_path / "grey.png", grey)), grey)
    deep = (grey.astype(np.uint16) * 2000).astype(np.uint16)
    np.testing.assert_array_equal(read_image(save(tmp_path / "deep.png", deep)), deep)
    np.testing.assert_array_equal(read_image(save(tmp_path / "red.png", RED)), RED)
    assert read_image(tmp_path / "deep.png").dtype == np.uint16


def test_alpha_is_dropped(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack((RED[..., ::-1], np.zeros((4, 6), np.uint8))))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), RED)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n damaged"])
def test_damaged_images_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png"):
        read_image(tmp_path / "bad.png")
    with pytest.raises(DataError, match=r"missing\.png"):
        read_image(tmp_path / "missing.png")


def test_names_are_relative_and_in_natural_order(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.JPG", "sub/a.png"):
        save(tmp_path / name, RED)
    (tmp_path / "notes.txt").write_text("no image")
    assert [image.name for image in find_images([tmp_path])] == ["img2.JPG", "img10.png", "sub/a.png"]
    found = find_images([tmp_path / "sub" / "a.png"])
    assert found == [("a.png", tmp_path / "sub" / "a.png")]


def test_what_cannot_be_found_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        find_images([tmp_path / "nothing"])
    with pytest.raises(DataError, match="holds no images"):
        find_images([tmp_path])
    one, two = save(tmp_path / "one" / "a.png", RED), save(tmp_path / "two" / "a.png", RED)
    with pytest.raises(DataError, match=r"two images are called a\.png"):
        find_images([one, two])


@pytest.mark.parametrize("suffix", ["png", "jpg", "pgm", "tiff", "bmp", "webp"])
def test_the_size_is_known_without_decoding(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", RED[..., 0])
    assert image_size(path) == read_image(path).shape[1::-1] == (6, 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_image_as_the_camera_was_held(tmp_path: Path, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(RED).save(tmp_path / "a.jpg", exif=exif)
    height, width = read_image(tmp_path / "a.jpg").shape[:2]
    assert image_size(tmp_path / "a.jpg") == (width, height)
    assert (width, height) == ((6, 4) if orientation < 5 else (4, 6))


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_an_image_without_a_size_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png"):
        image_size(tmp_path / "bad.png")
