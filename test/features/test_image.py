"""Camera images of any kind become the same grey picture; sizes and coordinates are exact."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import ImageError
from superpoint_ros.features.image import WorkingImage, pad_to_cells, to_bytes, to_grey, working_image, working_mask

GREY = np.arange(6 * 7, dtype=np.uint8).reshape(6, 7) * 6


@pytest.mark.parametrize(
    "image",
    [
        GREY,
        GREY[..., None],
        np.repeat(GREY[..., None], 3, axis=2),
        np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)]),
        GREY.astype(np.uint16) * 257,
        (GREY.astype(np.uint16) * 257).astype(">u2"),
        GREY / 255.0,
        (GREY / 255.0).astype(np.float32),
        np.asfortranarray(GREY),
        GREY[::-1, ::-1].copy()[::-1, ::-1],
        np.pad(GREY, 3)[3:-3, 3:-3],
    ],
    ids=["grey", "HxWx1", "rgb", "rgba", "uint16", "big-endian", "float64", "float32", "fortran", "flipped", "view"],
)
def test_every_kind_of_image_becomes_the_same_grey(image: np.ndarray) -> None:
    grey = to_grey(image)
    assert grey.dtype == np.float32 and grey.shape == GREY.shape and grey.flags.c_contiguous
    np.testing.assert_allclose(grey, GREY / 255.0, atol=1e-6)


def test_half_precision_images_are_read() -> None:
    np.testing.assert_allclose(to_grey((GREY / 255.0).astype(np.float16)), GREY / 255.0, atol=1e-3)


def test_colours_are_weighed_in_rgb_order() -> None:
    red, green, blue = (np.eye(3)[i].reshape(1, 1, 3) for i in range(3))
    assert [float(to_grey(c)[0, 0]) for c in (red, green, blue)] == pytest.approx([0.299, 0.587, 0.114], abs=1e-4)
    colours = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    np.testing.assert_allclose(to_grey(colours) * 255, cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), atol=1e-4)


def test_white_is_exactly_one() -> None:
    assert to_grey(np.full((2, 2), 255, np.uint8)).max() == 1.0
    assert to_grey(np.full((2, 2), 65535, np.uint16)).min() == 1.0


def test_grey_does_not_alias_the_image() -> None:
    image = np.zeros((8, 8), np.float32)
    grey = to_grey(image)
    image[:] = 1
    assert not grey.any()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((0, 5), np.uint8), "5x0 pixels is empty"),
        (np.zeros((5, 0, 3), np.uint8), "0x5 pixels is empty"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((5, 5, 2), np.uint8), r"shape \(5, 5, 2\)"),
        (np.zeros((1, 5, 5, 3), np.uint8), "shape"),
        (np.zeros((5, 5), np.int32), "int32"),
        (np.zeros((5, 5), bool), "bool"),
        (np.zeros((5, 5), object), "object"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), np.inf), "infinite"),
        (np.full((5, 5), 255.0), r"\[255, 255\]"),
        (np.full((5, 5), -0.5, np.float32), r"\[-0.5, -0.5\]"),
        ([[1, 2], [3, 4]], "list"),
    ],
)
def test_unusable_images_are_refused_with_the_reason(image: np.ndarray, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        to_grey(image)


def test_one_nan_among_good_pixels_is_found() -> None:
    image = np.zeros((50, 50), np.float32)
    image[20, 30] = np.nan
    with pytest.raises(ImageError, match="NaN"):
        to_grey(image)


def test_a_little_overshoot_is_clipped() -> None:
    grey = to_grey(np.array([[-1e-4, 1 + 1e-4]]))
    assert grey.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (7, 9), (16, 23)])
def test_padding_repeats_the_edge_and_moves_nothing(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).random(size, np.float32)
    padded = pad_to_cells(grey)
    assert padded.shape[0] % 8 == 0 and padded.shape[1] % 8 == 0 and padded.flags.c_contiguous
    assert padded.shape[0] - size[0] < 8 and padded.shape[1] - size[1] < 8
    np.testing.assert_array_equal(padded[: size[0], : size[1]], grey)
    np.testing.assert_array_equal(padded[size[0] :, : size[1]], np.repeat(grey[-1:], padded.shape[0] - size[0], axis=0))
    np.testing.assert_array_equal(padded[: size[0], size[1] :], np.repeat(grey[:, -1:], padded.shape[1] - size[1], axis=1))


def test_working_image_shrinks_the_longer_side_and_never_grows() -> None:
    image = np.zeros((300, 400), np.uint8)
    assert working_image(image).pixels.shape == (300, 400)
    assert working_image(image, 500).pixels.shape == (300, 400)
    assert working_image(image, 200).pixels.shape == (150, 200)
    assert working_image(np.zeros((2, 1000), np.uint8), 100).pixels.shape == (1, 100)


@pytest.mark.parametrize(("size", "max_size"), [((300, 400), 200), ((301, 403), 170), ((97, 640), 200)])
def test_points_map_back_to_the_pixels_they_came_from(size: tuple[int, int], max_size: int) -> None:
    """A ramp tells where it was sampled: its value at a working pixel is the coordinate in the image.

    Averaging over whole pixels of which a fraction counts is off by up to 1/16 pixel; half a pixel lost would be far more.
    """
    rows, columns = np.mgrid[: size[0], : size[1]]
    for axis, ramp in enumerate((columns, rows)):
        working = working_image((ramp / 1000.0).astype(np.float64), max_size)
        y, x = np.mgrid[: working.pixels.shape[0], : working.pixels.shape[1]]
        mapped = working.to_image(np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32))
        np.testing.assert_allclose(mapped[:, axis], working.pixels.ravel() * 1000, atol=1 / 16)


def test_full_size_points_stay_what_they_are() -> None:
    points = np.random.default_rng(0).random((50, 2), np.float32) * 100
    np.testing.assert_allclose(WorkingImage(np.zeros((100, 100), np.float32), (100, 100)).to_image(points), points, atol=1e-5)


def test_working_mask_never_frees_a_masked_pixel() -> None:
    random = np.random.default_rng(0)
    mask = (random.random((97, 131)) > 0.02).astype(np.uint8)
    working = working_image(np.zeros(mask.shape, np.uint8), 60)
    free = working_mask(mask, working)
    assert free.any() and not free.all()
    y, x = np.nonzero(free)
    centres = np.stack([x, y], axis=1).astype(np.float32)
    for shift in ((-0.49, -0.49), (0, 0), (0.49, 0.49)):
        column, row = np.rint(working.to_image(centres + np.float32(shift))).astype(int).T
        assert mask[row, column].all()


def test_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match="mask"):
        working_mask(np.ones((5, 6), np.uint8), working_image(np.zeros((6, 5), np.uint8)))


def test_bytes_survive_the_way_to_grey_and_back() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_bytes(to_grey(every)), every)
