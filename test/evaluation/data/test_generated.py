"""Pairs that are made: their homography is where their pixels really are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.simulation.homography import inside, warp_points


@pytest.fixture
def photos(tmp_path: Path, picture: np.ndarray) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    assert cv2.imwrite(str(folder / "a.png"), picture)
    assert cv2.imwrite(str(folder / "sub" / "b.jpg"), picture[:200])
    return folder


def images_of(pairs: PairSet) -> list[np.ndarray]:
    return [image.read() for pair in pairs for image in (pair.first, pair.second)]


def test_two_groups_of_pairs_from_each_image(photos: Path, picture: np.ndarray) -> None:
    pairs = open_pairs(photos, generate=2)
    assert [(pair.group, pair.name) for pair in pairs] == [
        (group, f"{image}/{group}-{k}")
        for group in ("illumination", "viewpoint")
        for image in ("a.png", "sub/b.jpg")
        for k in (0, 1)
    ]
    assert [pair.scene for pair in pairs] == 2 * ["a.png", "a.png", "sub/b.jpg", "sub/b.jpg"]
    assert len({image.name for pair in pairs for image in (pair.first, pair.second)}) == 16
    light, viewpoint = pairs[0], pairs[4]
    np.testing.assert_array_equal(light.homography, np.eye(3))
    assert light.first.read().shape == light.second.read().shape == (240, 320)
    assert np.abs(light.first.read().astype(int) - light.second.read()).mean() > 3
    assert viewpoint.first.read().shape == viewpoint.second.read().shape == (168, 224)
    np.testing.assert_array_equal(viewpoint.first.read(), picture[36 : 36 + 168, 48 : 48 + 224])


def test_the_homography_is_where_the_pixels_are(photos: Path) -> None:
    """A view of the file through it is the second image, but for the light; half a pixel off would show."""
    for pair in list(open_pairs(photos, generate=4))[8:]:
        first, second = pair.first.read(), pair.second.read()
        size = second.shape[::-1]
        seen = cv2.warpPerspective(np.full_like(first, 255), pair.homography, size) == 255
        seen = cv2.erode(seen.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=1).astype(bool)
        assert seen.mean() > 0.2

        def agreement(shift: float, pair=pair, first=first, second=second, seen=seen, size=size) -> float:
            moved = np.array([[1, 0, shift], [0, 1, shift], [0, 0, 1.0]]) @ pair.homography
            smooth = [
                cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.0)
                for image in (cv2.warpPerspective(first, moved, size), second)
            ]
            return float(np.corrcoef(smooth[0][seen], smooth[1][seen])[0, 1])

        assert agreement(0.0) > max(agreement(0.5), agreement(-0.5))


def test_no_view_sees_beyond_the_image(photos: Path) -> None:
    pairs = [pair for pair in open_pairs(photos / "a.png", generate=30) if pair.group == "viewpoint"]
    corners = np.array([[0, 0], [224, 0], [224, 168], [0, 168]]) - 0.5
    for pair in pairs:
        assert inside(warp_points(np.linalg.inv(pair.second.view), corners), 240, 320).all()
    moved = [
        np.linalg.norm(warp_points(pair.homography, corners) - corners, axis=1).mean() / np.hypot(224, 168) for pair in pairs
    ]
    assert np.median(moved) > 0.12, "hard enough to tell features apart"


def test_the_same_seed_gives_the_same_pairs_and_another_one_others(photos: Path) -> None:
    a, again, other = (open_pairs(photos, generate=1, seed=seed) for seed in (3, 3, 4))
    for x, y in zip(images_of(a), images_of(again), strict=True):
        np.testing.assert_array_equal(x, y)
    for x, y in zip(a, again, strict=True):
        np.testing.assert_array_equal(x.homography, y.homography)
    assert all(not np.array_equal(x.second.read(), y.second.read()) for x, y in zip(a, other, strict=True))
    assert not np.allclose(a[2].homography, other[2].homography)


def test_a_pair_depends_on_its_own_image_alone(photos: Path) -> None:
    before = {pair.name: pair for pair in open_pairs(photos, generate=1)}
    (photos / "a.png").rename(photos / "z.png")
    after = {pair.name: pair for pair in open_pairs(photos, generate=2)}
    name = "sub/b.jpg/viewpoint-0"
    np.testing.assert_array_equal(before[name].homography, after[name].homography)
    np.testing.assert_array_equal(before[name].second.read(), after[name].second.read())


def test_what_cannot_be_used_is_named(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 1, got -1"):
        open_pairs(photos, generate=-1)
    assert cv2.imwrite(str(photos / "icon.png"), np.zeros((32, 200), np.uint8))
    with pytest.raises(DataError, match=r"icon\.png has 200x32 pixels"):
        open_pairs(photos, generate=1)
    (photos / "icon.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"icon\.png"):
        open_pairs(photos, generate=1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no images"):
        open_pairs(tmp_path / "empty", generate=1)
