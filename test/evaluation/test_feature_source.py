"""Features of images at the size of a protocol, from extractors and from files of other tools."""

from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DataError, WeightsError
from superpoint_ros.evaluation.feature_source import ExtractedFeatures, crop, open_features, resize
from superpoint_ros.evaluation.hdf5_features import Hdf5Features
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.io.features_file import FeaturesWriter
from superpoint_ros.types import Features


class Picture:
    """An ``ImageFile`` in memory."""

    def __init__(self, name: str, pixels: np.ndarray) -> None:
        self.name, self.pixels = name, pixels

    def read(self) -> np.ndarray:
        return self.pixels


def blob(centre: tuple[float, float], size: tuple[int, int] = (320, 240)) -> Picture:
    y, x = np.mgrid[: size[1], : size[0]]
    distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    return Picture("scene/blob.png", np.rint(255 * np.exp(-distance / 128)).astype(np.uint8))


@pytest.fixture
def noise() -> Picture:
    rough = np.random.default_rng(0).random((60, 80), np.float32)
    return Picture("scene/noise.png", np.rint(255 * cv2.resize(rough, (320, 240))).astype(np.uint8))


@pytest.mark.parametrize("size", [(160, 120), (200, 150), (480, 360), (160, 200)])
def test_keypoints_are_pixels_of_the_resized_image(size: tuple[int, int]) -> None:
    features = open_features(ExtractorConfig(model="sift")).features(blob((100.3, 77.6)), size)
    expected = (np.array([100.3, 77.6]) + 0.5) * np.array(size) / (320, 240) - 0.5
    np.testing.assert_allclose(features.keypoints[0], expected, atol=0.15)
    assert features.image_size == size


def test_a_box_is_cut_out_before_the_resizing() -> None:
    features = open_features(ExtractorConfig(model="sift")).features(blob((100.0, 80.0)), (120, 80), (40, 30, 240, 160))
    np.testing.assert_allclose(features.keypoints[0], ((100.5 - 40) / 2 - 0.5, (80.5 - 30) / 2 - 0.5), atol=0.15)
    assert features.image_size == (120, 80)


def test_shrinking_averages_areas() -> None:
    stripes = np.tile(np.array([0, 0, 200, 200], np.uint8), (8, 4))
    np.testing.assert_array_equal(resize(stripes, (4, 2)), np.full((2, 4), 100))
    assert resize(stripes, None) is stripes and resize(stripes, (16, 8)) is stripes
    np.testing.assert_array_equal(crop(stripes, (2, 1, 2, 3)), np.full((3, 2), 200))


@pytest.mark.parametrize("model", ["sift", "orb", "fast", "harris", "shi", "small"])
def test_every_extractor_is_a_source(model: str, noise: Picture) -> None:
    config = ExtractorConfig(model=model, max_keypoints=60, device="cpu")
    source = open_features(config)
    features, expected = source.features(noise), load_extractor(config).extract(noise.pixels)
    np.testing.assert_array_equal(features.keypoints, expected.keypoints)
    np.testing.assert_array_equal(features.descriptors, expected.descriptors)
    assert isinstance(source, ExtractedFeatures) and source.name == features.model == expected.model
    assert {"model": model, "max_keypoints": 60, "weights": expected.model, "device": "cpu"}.items() <= source.settings.items()
    assert source.settings["opencv"] == cv2.__version__


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="no model 'gigantic'"):
        open_features(ExtractorConfig(model="gigantic"))


def hdf5(path: Path, size: tuple[int, int] = (320, 240), **images: np.ndarray) -> Path:
    """As hloc writes it: half precision, descriptors D x N; here of length two. Two underscores are a slash."""
    with h5py.File(path, "w") as file:
        for name, keypoints in images.items():
            group = file.create_group(name.replace("__", "/"))
            group["keypoints"] = keypoints.astype(np.float16)
            group["descriptors"] = (np.eye(8)[:, : len(keypoints)] * 2).astype(np.float16)
            group["scores"] = np.linspace(0.1, 1.0, len(keypoints), dtype=np.float16)
            group["image_size"] = np.array(size)
    return path


POINTS = np.array([[10.0, 20.0], [100.0, 50.5], [300.0, 200.0], [319.0, 239.0]])


def test_features_of_other_tools_come_best_first_and_mapped(tmp_path: Path, noise: Picture) -> None:
    source = open_features(ExtractorConfig(model=str(hdf5(tmp_path / "theirs.h5", scene__noise_png=POINTS)), max_keypoints=3))
    assert isinstance(source, Hdf5Features) and source.name == "theirs"
    features = source.features(Picture("scene/noise_png", noise.pixels))
    np.testing.assert_array_equal(features.keypoints, POINTS[[3, 2, 1]])
    np.testing.assert_array_equal(features.descriptors, np.eye(8)[[3, 2, 1]])
    assert (np.diff(features.scores) < 0).all() and features.model == "theirs"
    small = source.features(Picture("scene/noise_png", noise.pixels), (160, 120))
    np.testing.assert_allclose(small.keypoints, (POINTS[[3, 2, 1]] + 0.5) / 2 - 0.5)
    part = source.features(Picture("scene/noise_png", noise.pixels), (110, 60), (90, 40, 220, 120))
    np.testing.assert_allclose(part.keypoints, [[(100.5 - 90) / 2 - 0.5, (51 - 40) / 2 - 0.5]])
    assert (small.image_size, part.image_size) == ((160, 120), (110, 60))


def test_our_own_file_gives_what_was_extracted(tmp_path: Path, noise: Picture) -> None:
    features = load_extractor(ExtractorConfig(model="sift")).extract(noise.pixels)
    with FeaturesWriter(tmp_path / "sift.hdf5") as writer:
        writer.write(noise.name, features)
    read = open_features(ExtractorConfig(model=str(tmp_path / "sift.hdf5"))).features(noise)
    np.testing.assert_array_equal(read.keypoints, features.keypoints)
    np.testing.assert_allclose(read.descriptors, features.descriptors, atol=1e-6)


def test_without_scores_the_order_of_the_file_counts(tmp_path: Path, noise: Picture) -> None:
    path = hdf5(tmp_path / "a.h5", noise=POINTS)
    with h5py.File(path, "a") as file:
        del file["noise/scores"]
    features = Hdf5Features(path, 2).features(Picture("noise", noise.pixels))
    np.testing.assert_array_equal(features.keypoints, POINTS[:2])


def test_descriptors_without_length_or_without_columns_do_no_harm(tmp_path: Path, noise: Picture) -> None:
    path = hdf5(tmp_path / "a.h5", zero=POINTS, none=POINTS)
    with h5py.File(path, "a") as file:
        file["zero/descriptors"][:, 1] = 0
        del file["none/descriptors"]
        file["none/descriptors"] = np.zeros((0, len(POINTS)), np.float32)
    zero, none = (Hdf5Features(path, 10).features(Picture(name, noise.pixels)).descriptors for name in ("zero", "none"))
    np.testing.assert_array_equal(zero, np.eye(8)[[3, 2, 0, 0]])
    assert none.shape == (4, 0)


@pytest.mark.parametrize(
    ("stored", "wanted"), [("img1", "graf/img1"), ("data__graf__img1", "graf/img1"), ("graf__img1", "graf/img1")]
)
def test_the_end_of_a_path_is_enough(tmp_path: Path, noise: Picture, stored: str, wanted: str) -> None:
    path = hdf5(tmp_path / "a.h5", **{stored: POINTS, "boat__img11": POINTS[:1]})
    assert len(Hdf5Features(path, 10).features(Picture(wanted, noise.pixels))) == 4


def test_two_that_fit_are_not_guessed_between(tmp_path: Path, noise: Picture) -> None:
    source = Hdf5Features(hdf5(tmp_path / "a.h5", graf__img1=POINTS, boat__img1=POINTS[:1]), 10)
    with pytest.raises(DataError, match=r"several images could be 'img1': boat/img1, graf/img1"):
        source.features(Picture("img1", noise.pixels))
    assert len(source.features(Picture("boat/img1", noise.pixels))) == 1


def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, noise: Picture) -> None:
    path = hdf5(tmp_path / "a.h5", noise=POINTS, none=np.zeros((0, 2)), nan=np.full((3, 2), np.nan))
    source = Hdf5Features(path, 10)
    for name, pixels, message in (
        ("other", noise.pixels, r"a\.h5: no features of 'other'; the file has 3 images, e\.g\. nan"),
        ("none", noise.pixels, r"a\.h5: there are no keypoints in 'none'"),
        ("nan", noise.pixels, r"the features of 'nan' contain a value that is not finite"),
        ("noise", noise.pixels[:100], r"'noise' are of an image of 320x240 pixels, it has 320x100"),
    ):
        with pytest.raises(DataError, match=message):
            source.features(Picture(name, pixels))
    with pytest.raises(DataError, match="does not exist"):
        Hdf5Features(tmp_path / "nothing.h5", 10)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(DataError, match=r"empty\.h5 holds no features"):
        Hdf5Features(tmp_path / "empty.h5", 10)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_truncated_file_is_named(tmp_path: Path, noise: Picture, share: float) -> None:
    features = Features(np.ones((500, 2), np.float32), np.ones(500, np.float32), np.ones((500, 64), np.float32), (320, 240), "m")
    path = tmp_path / "a.h5"
    with FeaturesWriter(path) as writer:
        for k in range(8):
            writer.write(f"{k}", features)
    content = path.read_bytes()
    path.write_bytes(content[: round(share * len(content))])
    with pytest.raises(DataError, match=r"a\.h5"):
        Hdf5Features(path, 10).features(Picture("7", noise.pixels))
