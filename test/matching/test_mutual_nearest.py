import cv2
import numpy as np
import pytest

from superpoint_ros.config import MatcherConfig
from superpoint_ros.errors import ModelMismatchError
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.types import Features


def described(descriptors: np.ndarray, model: str = "test") -> Features:
    descriptors = np.asarray(descriptors, np.float32)
    n = len(descriptors)
    return Features(np.zeros((n, 2), np.float32), np.ones(n, np.float32), descriptors, (64, 48), model)


def random_descriptors(count: int, seed: int, size: int = 32) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def at_angles(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.column_stack([np.cos(radians), np.sin(radians)])


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 50), (300, 200), (500, 501)])
def test_agrees_with_opencv_cross_check(n: int, m: int) -> None:
    a, b = described(random_descriptors(n, 1)), described(random_descriptors(m, 2))
    expected = {(x.queryIdx, x.trainIdx) for x in cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(a.descriptors, b.descriptors)}
    found = match(a, b)
    assert set(zip(found.reference_index.tolist(), found.current_index.tolist(), strict=True)) == expected
    dot = (a.descriptors[found.reference_index] * b.descriptors[found.current_index]).sum(axis=1)
    np.testing.assert_allclose(found.similarity, dot, atol=1e-6)


def test_finds_a_permutation() -> None:
    descriptors = random_descriptors(100, 0)
    order = np.random.default_rng(1).permutation(100)
    found = match(described(descriptors), described(descriptors[order]))
    np.testing.assert_array_equal(order[found.current_index], np.arange(100))


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, 0), (0, 0)])
def test_no_keypoints_no_matches(n: int, m: int) -> None:
    assert len(match(described(random_descriptors(n, 0)), described(random_descriptors(m, 0)))) == 0


def test_keypoints_without_descriptors_are_refused() -> None:
    with pytest.raises(ModelMismatchError, match=r"^harris has no descriptors; it can only be evaluated as a detector$"):
        match(described(np.zeros((3, 0)), "harris"), described(np.zeros((5, 0)), "harris"))


def test_ratio_test_compares_distances() -> None:
    # Reference 0 is 10 degrees from its best and 14 from its second best: chords 0.174 and 0.244, ratio 0.715.
    a, b = described(at_angles(0.0)), described(at_angles(10.0, -14.0))
    assert len(match(a, b, MatcherConfig(ratio=0.72))) == 1
    assert len(match(a, b, MatcherConfig(ratio=0.71))) == 0


def test_ratio_test_passes_a_lone_candidate() -> None:
    assert len(match(described(at_angles(0.0)), described(at_angles(80.0)), MatcherConfig(ratio=0.5))) == 1


def test_similarity_threshold() -> None:
    a, b = described(at_angles(0.0, 90.0)), described(at_angles(10.0, 130.0))
    found = match(a, b, MatcherConfig(min_similarity=0.9))
    assert found.reference_index.tolist() == [0]
    assert found.similarity[0] == pytest.approx(np.cos(np.radians(10.0)))


def test_of_equal_candidates_the_first_wins() -> None:
    same = described(np.tile(at_angles(30.0), (4, 1)))
    found = match(same, same)
    assert (found.reference_index.tolist(), found.current_index.tolist()) == ([0], [0])


def test_broken_descriptors_match_nothing_and_disturb_nothing() -> None:
    descriptors = random_descriptors(20, 0)
    broken = descriptors.copy()
    broken[3] = np.nan
    found = match(described(descriptors), described(broken))
    assert found.reference_index.tolist() == [i for i in range(20) if i != 3]


def test_models_do_not_compare() -> None:
    a, b = described(random_descriptors(3, 0), "small:aaaa"), described(random_descriptors(3, 0), "full:bbbb")
    with pytest.raises(ModelMismatchError, match=r"small:aaaa.*full:bbbb"):
        match(a, b)


def test_descriptor_sizes_do_not_compare() -> None:
    with pytest.raises(ModelMismatchError, match=r"32-D.*64-D"):
        match(described(random_descriptors(3, 0)), described(random_descriptors(3, 0, size=64)))


class TestWindow:
    """Only what lies near the predicted place is compared."""

    RADIUS = 12.0

    @staticmethod
    def placed(descriptors: np.ndarray, seed: int) -> Features:
        points = np.random.default_rng(seed).uniform((0, 0), (64, 48), (len(descriptors), 2)).astype(np.float32)
        n = len(points)
        return Features(points, np.ones(n, np.float32), descriptors, (64, 48), "test")

    @pytest.mark.parametrize("ratio", [1.0, 0.9])
    @pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 300), (300, 200)])
    def test_agrees_with_the_whole_product_without_what_is_too_far(self, n: int, m: int, ratio: float) -> None:
        a, b = self.placed(random_descriptors(n, 1), 3), self.placed(random_descriptors(m, 2), 4)
        predicted = a.keypoints + np.float32(2.0)
        similarity = a.descriptors @ b.descriptors.T
        similarity[(np.abs(predicted[:, None] - b.keypoints[None]) > self.RADIUS).any(axis=2)] = -np.inf
        distance = np.sqrt(2.0 - 2.0 * similarity)
        expected = []
        for row in range(n):
            column, ranked = int(similarity[row].argmax()), np.sort(distance[row])
            is_clear = m == 1 or ratio == 1.0 or ranked[0] < ratio * ranked[1]
            if np.isfinite(similarity[row, column]) and similarity[:, column].argmax() == row and is_clear:
                expected.append((row, column))
        found = match(a, b, MatcherConfig(window=self.RADIUS, ratio=ratio), predicted)
        assert list(zip(found.reference_index.tolist(), found.current_index.tolist(), strict=True)) == expected
        assert len(expected) < min(n, m) or n == 1
        np.testing.assert_allclose(found.similarity, similarity[found.reference_index, found.current_index], atol=1e-6)

    def test_nothing_is_near_a_place_outside_or_an_unknown_one(self) -> None:
        a = self.placed(random_descriptors(5, 1), 3)
        config = MatcherConfig(window=self.RADIUS)
        for elsewhere in (1000.0, -1000.0, np.nan):
            assert len(match(a, a, config, np.full((5, 2), elsewhere, np.float32))) == 0

    def test_without_a_prediction_there_is_no_window(self) -> None:
        a = self.placed(random_descriptors(50, 1), 3)
        b = Features(a.keypoints[::-1].copy(), a.scores, a.descriptors, a.image_size, a.model)
        everywhere, here = match(a, b, MatcherConfig(window=1.0)), match(a, b, MatcherConfig(window=1.0), a.keypoints)
        assert everywhere.current_index.tolist() == list(range(50)), "by descriptor"
        assert np.mean(here.current_index + here.reference_index == 49) > 0.9, "by place"

    def test_broken_descriptors_match_nothing(self) -> None:
        a = self.placed(random_descriptors(20, 0), 3)
        broken = a.descriptors.copy()
        broken[3] = np.nan
        b = Features(a.keypoints, a.scores, broken, a.image_size, a.model)
        found = match(a, b, MatcherConfig(window=self.RADIUS), a.keypoints)
        assert found.reference_index.tolist() == [i for i in range(20) if i != 3]
