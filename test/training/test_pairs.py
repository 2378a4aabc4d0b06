"""Pairs of views: what is said to correspond does correspond."""

import cv2
import numpy as np
import pytest

from superpoint_ros.simulation.homography import HomographyRange, inside, random_homography, rotation, warp_points
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.batches import BatchStream
from superpoint_ros.training.config import PairConfig
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, label, shi_tomasi_detector
from superpoint_ros.training.pairs import LabelledImage, PairSampler, _render


@pytest.fixture(scope="module")
def labelled():
    image = SimulatedSequence(frames=10, seed=5, noise=0).frame(0).image
    return LabelledImage(image, label(shi_tomasi_detector, image, AdaptationConfig(warps=4)))


def test_corresponding_points_look_alike(labelled):
    batch = next(iter(BatchStream(PairSampler([labelled], PairConfig()), batch=6, seed=1)))
    same, shuffled = [], []
    for n in range(6):
        images = (batch[f"{k}_image"][n, 0].numpy().astype(float) for k in ("first", "second"))
        first, second = (cv2.GaussianBlur(image, (0, 0), 2.0) for image in images)
        valid = batch["pair_valid"][n].numpy()
        assert valid.sum() > 30
        (u, v), (x, y) = (np.rint(batch[f"{k}_points"][n].numpy()[valid]).astype(int).T for k in ("first", "second"))
        a, b = first[v, u], second[y, x]
        same.append(np.corrcoef(a, b)[0, 1])
        shuffled.append(np.corrcoef(a, np.roll(b, 7))[0, 1])
    assert np.median(same) > 0.8
    assert np.median(shuffled) < 0.5


def test_homography_maps_the_points_of_the_first_view_to_those_of_the_second(labelled):
    batch = next(iter(BatchStream(PairSampler([labelled], PairConfig()), batch=4, seed=3)))
    assert batch["homography"].shape == (4, 3, 3)
    for homography, first, second, valid in zip(
        *(batch[name].numpy() for name in ("homography", "first_points", "second_points", "pair_valid")), strict=True
    ):
        assert valid.any()
        assert np.allclose(warp_points(homography.astype(np.float64), first[valid]), second[valid], atol=0.01)


def test_targets_of_both_views_are_corners_of_the_photo(labelled):
    batch = next(iter(BatchStream(PairSampler([labelled], PairConfig()), batch=6, seed=2)))
    again = []
    for n in range(6):
        first, second = (batch[f"{k}_points"][n].numpy()[batch["pair_valid"][n].numpy()] for k in ("first", "second"))
        is_corner = [has_heat(batch["first_target"][n].numpy(), point) for point in first]
        again += [has_heat(batch["second_target"][n].numpy(), point) for point in second[is_corner]]
    assert 100 < len(again) < 6 * 200
    assert np.mean(again) > 0.95


def has_heat(target, point):
    x, y = np.rint(point).astype(int)
    return target[y, x] > 0.0


def test_homographies_stay_in_their_range():
    rng = np.random.default_rng(0)
    spread = HomographyRange(rotation=20.0, scale=1.2, perspective=0.0, translation=0.0)
    centre = np.array([[79.5, 59.5]])
    for _ in range(50):
        homography = random_homography(rng, 120, 160, spread)
        assert np.allclose(warp_points(homography, centre), centre, atol=1e-3)
        linear = homography[:2, :2] / homography[2, 2]
        assert abs(np.rad2deg(np.arctan2(linear[1, 0], linear[0, 0]))) <= 20.01
        assert 1 / 1.201 <= np.sqrt(np.linalg.det(linear)) <= 1.201


def test_stretched_views_keep_their_area_and_stay_in_range():
    rng = np.random.default_rng(0)
    spread = HomographyRange(rotation=180.0, scale=1.0, perspective=0.0, translation=0.0, stretch=2.5)
    ratios = []
    for _ in range(200):
        homography = random_homography(rng, 120, 160, spread)
        longest, shortest = np.linalg.svd(homography[:2, :2] / homography[2, 2], compute_uv=False)
        assert np.isclose(longest * shortest, 1.0, atol=1e-3)
        ratios.append(longest / shortest)
    assert 1.0 <= min(ratios) < 1.1
    assert 2.3 < max(ratios) <= 2.501


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 160])
def test_a_view_is_blurred_only_along_the_direction_in_which_it_is_smaller(degrees):
    direction = rotation(np.deg2rad(degrees))
    to_view = np.eye(3)
    to_view[:2, :2] = direction @ np.diag([1 / 3, 1.0]) @ direction.T
    to_view[:2, 2] = 31.5 - to_view[:2, :2] @ [127.5, 127.5]
    y, x = np.mgrid[0:256, 0:256] - 127.5
    for along, survives in ((direction[:, 0], False), (direction[:, 1], True)):
        waves = 127.5 + 120.0 * np.sin(np.pi / 2 * (x * along[0] + y * along[1]))
        seen = _render(np.rint(waves).astype(np.uint8), to_view, 64, 64)[16:48, 16:48].astype(float)
        assert seen.std() > 50.0 if survives else seen.std() < 20.0


def test_inside_counts_pixel_centres():
    points = np.array([[0, 0], [9, 4], [9.1, 4], [-0.1, 0]])
    assert inside(points, 5, 10).tolist() == [True, True, False, False]
    assert inside(points, 5, 10, margin=1.0).tolist() == [False, False, False, False]
