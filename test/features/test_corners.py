"""FAST, Harris and Shi-Tomasi: detectors only, under the rules of the network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError, ImageError
from superpoint_ros.features.corners import CORNER_DETECTORS, CornerDetector
from superpoint_ros.features.loading import load_extractor

EVERYTHING = {"border": 0, "max_keypoints": 20000}
CORNERS = np.array([(100.0, 60.0), (220.0, 60.0), (100.0, 180.0), (220.0, 180.0)])


def detector(model: str, **settings: object) -> CornerDetector:
    extractor = load_extractor(ExtractorConfig(model=model, **settings))
    assert isinstance(extractor, CornerDetector)
    return extractor


def square(shift: float = 0.0) -> np.ndarray:
    """A bright square whose edges run between pixel 99 and 100 (and so on) when it is not shifted; smooth at sub-pixel scale."""
    fine = np.zeros((240 * 8, 320 * 8), np.float32)
    offset = round(shift * 8)
    fine[60 * 8 + offset : 180 * 8 + offset, 100 * 8 + offset : 220 * 8 + offset] = 1.0
    return cv2.GaussianBlur(cv2.resize(fine, (320, 240), interpolation=cv2.INTER_AREA), (0, 0), 1.0)


@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_keypoints_are_well_formed_and_have_no_descriptors(model: str, texture: np.ndarray) -> None:
    features = detector(model, max_keypoints=200).extract(texture)
    assert len(features) == 200 and features.descriptors.shape == (200, 0)
    assert (features.model, features.image_size) == (model, (320, 256))
    assert (np.diff(features.scores) <= 0).all() and (features.scores > 0).all()


@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_a_square_has_four_corners(model: str) -> None:
    keypoints = detector(model, max_keypoints=4).extract(square()).keypoints
    distance = np.linalg.norm(keypoints[:, None] - (CORNERS[None] - 0.5), axis=2)
    assert distance.min(axis=1).max() < 2.5 and set(distance.argmin(axis=1)) == {0, 1, 2, 3}


@pytest.mark.parametrize(("model", "tolerance"), [("harris", 0.1), ("shi", 0.1)])
def test_a_shift_below_a_pixel_moves_the_corners_by_it(model: str, tolerance: float) -> None:
    def corners(shift: float, subpixel: bool) -> np.ndarray:
        keypoints = detector(model, max_keypoints=4, subpixel=subpixel).extract(square(shift)).keypoints
        return keypoints[np.lexsort(np.rint(keypoints).T)]

    np.testing.assert_allclose(corners(0.375, True) - corners(0.0, True), 0.375, atol=tolerance)
    assert np.abs(corners(0.375, False) - corners(0.0, False) - 0.375).min() > 0.3


@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_suppression_border_and_whole_pixels_are_the_networks(model: str, texture: np.ndarray) -> None:
    keypoints = detector(model, nms_radius=6, border=10, subpixel=False, max_keypoints=20000).extract(texture).keypoints
    apart = np.abs(keypoints[:, None] - keypoints[None]).max(axis=2) + 1e9 * np.eye(len(keypoints))
    assert len(keypoints) > 100 and apart.min() == 7
    assert (keypoints >= 10).all() and (keypoints <= [309, 245]).all()
    np.testing.assert_array_equal(keypoints, np.rint(keypoints))


def test_responses_are_those_of_opencv(texture: np.ndarray) -> None:
    grey = texture.astype(np.float32) / 255
    expected = {
        "harris": cv2.cornerHarris(grey, 3, 3, 0.04),
        "shi": cv2.cornerMinEigenVal(grey, 3, ksize=3),
        "fast": np.zeros(grey.shape, np.float32),
    }
    for keypoint in cv2.FastFeatureDetector_create(20).detect(texture):
        expected["fast"][round(keypoint.pt[1]), round(keypoint.pt[0])] = keypoint.response
    for model, response in expected.items():
        found = detector(model, subpixel=False, nms_radius=1, max_keypoints=50).extract(texture)
        columns, rows = found.keypoints.astype(int).T
        np.testing.assert_allclose(found.scores, response[rows, columns], rtol=1e-5)
        assert found.scores[0] == pytest.approx(response.max(), rel=1e-5)


@pytest.mark.parametrize("model", CORNER_DETECTORS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 7), (120, 160)])
def test_flat_and_tiny_images_do_no_harm(model: str, size: tuple[int, int]) -> None:
    for value in (0, 90, 255):
        assert len(detector(model, **EVERYTHING).extract(np.full(size, value, np.uint8))) == 0
    noise = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    keypoints = detector(model, **EVERYTHING).extract(noise).keypoints
    assert (keypoints >= -0.5).all() and (keypoints <= np.array(size[::-1]) - 0.5).all()


@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_nothing_is_found_where_the_image_is_flat(model: str) -> None:
    keypoints = detector(model, **EVERYTHING).extract(square()).keypoints
    assert np.abs(keypoints[:, None] - CORNERS[None]).max(axis=2).min(axis=1).max() < 12


@pytest.mark.parametrize("max_size", [0, 240])
@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_mask_and_working_size_are_heeded(model: str, max_size: int, texture: np.ndarray) -> None:
    extractor = detector(model, max_size=max_size, **EVERYTHING)
    mask = np.zeros(texture.shape, np.uint8)
    mask[50:200, 70:260] = 1
    keypoints = extractor.extract(texture, mask).keypoints
    assert 0 < len(keypoints) < len(extractor.extract(texture))
    assert (keypoints >= [69.5, 49.5]).all() and (keypoints <= [259.5, 199.5]).all()
    with pytest.raises(ImageError, match="mask"):
        extractor.extract(texture, np.ones((5, 5), np.uint8))


@pytest.mark.parametrize("model", CORNER_DETECTORS)
def test_who_wants_to_match_is_refused(model: str) -> None:
    with pytest.raises(ConfigError, match=f"^{model} has no descriptors; it can only be evaluated as a detector$"):
        load_extractor(ExtractorConfig(model=model), to_match=True)
