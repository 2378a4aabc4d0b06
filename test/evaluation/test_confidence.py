"""Intervals: cover what they should, follow pairs and not seeds, and pair what is compared."""

from __future__ import annotations

import numpy as np
import pytest

from superpoint_ros.evaluation.confidence import difference, estimate, statistic
from superpoint_ros.evaluation.result import Metric

MEAN = Metric("x", "x", "", True, "mean", 0.0)


@pytest.mark.parametrize("kind", ["mean", "median", "share", "auc"])
def test_many_resamplings_at_once_are_what_each_is_alone(kind) -> None:
    drawn = np.random.default_rng(0)
    metric = Metric("x", "x", "", True, kind, 0.0, threshold=5.0)
    for count in (1, 2, 3, 10, 41):
        for missing in (0.0, 0.4, 1.0):
            values = drawn.uniform(0, 8, (30, count))
            values[drawn.uniform(size=values.shape) < missing] = np.nan
            values[0] /= 4.0  # all below the threshold
            if kind != "mean":
                values[1:4][drawn.uniform(size=(3, count)) < 0.4] = np.inf
            values[4, 0] = 5.0
            expected = [metric.of_values(row) for row in values]
            np.testing.assert_allclose(statistic(metric)(values), expected, atol=1e-12)


def test_95_of_100_intervals_cover_the_truth() -> None:
    drawn = np.random.default_rng(1)
    found = [estimate(drawn.normal(3.0, 1.0, (40, 1)), statistic(MEAN), resamples=300, seed=i) for i in range(200)]
    covered = np.mean([one.low <= 3.0 <= one.high for one in found])
    assert 0.90 <= covered <= 0.98
    assert all(one.low < one.value < one.high for one in found)
    width = np.median([one.high - one.low for one in found])
    assert width == pytest.approx(2 * 1.96 / np.sqrt(40), rel=0.1), "as the normal distribution has it"


def scenes_and_pairs(seed: int, scenes: int = 25, pairs: int = 8) -> tuple[np.ndarray, list[str]]:
    """Values (P, 1) around 3 that differ far more between scenes than within them; the largest scene has twice as many pairs."""
    drawn = np.random.default_rng(seed)
    counts = [pairs] * (scenes - 1) + [2 * pairs]
    hard = np.repeat(drawn.normal(3.0, 1.0, scenes), counts)
    return (hard + drawn.normal(0.0, 0.3, len(hard)))[:, None], [f"scene {i}" for i in range(scenes) for _ in range(counts[i])]


def test_pairs_of_one_scene_are_no_independent_evidence() -> None:
    covered = {"scenes": 0, "pairs": 0}
    for seed in range(100):
        values, scenes = scenes_and_pairs(seed)
        for name, known in (("scenes", scenes), ("pairs", [])):
            found = estimate(values, statistic(MEAN), known, resamples=300, seed=seed)
            covered[name] += found.low <= 3.0 <= found.high
    assert 88 <= covered["scenes"] <= 99
    assert covered["pairs"] < 70, "the plain bootstrap is far too sure"


def test_one_scene_and_as_many_scenes_as_pairs_are_the_plain_bootstrap() -> None:
    values = np.random.default_rng(5).normal(size=(40, 1))
    plain = estimate(values, statistic(MEAN))
    alone = estimate(values, statistic(MEAN), [f"{i}" for i in range(40)])
    together = estimate(values, statistic(MEAN), ["a"] * 40)
    assert (plain.scenes, alone.scenes, together.scenes) == (40, 40, 1)
    assert (alone.high - alone.low, together.high - together.low) == pytest.approx([plain.high - plain.low] * 2, rel=0.1)


def test_scenes_count_as_often_as_they_have_pairs_and_those_without_a_figure_do_not() -> None:
    values, scenes = np.array([[1.0], [1.0], [1.0], [5.0], [np.nan]]), ["a", "a", "a", "b", "c"]
    found = estimate(values, statistic(MEAN), scenes)
    assert (found.value, found.pairs, found.scenes) == (2.0, 4, 2)
    assert (found.low, found.high) == (1.0, 5.0), "both scenes, or one of them twice"
    better = difference(values + 0.5, values, statistic(MEAN), scenes)
    assert (better.low, better.high, better.scenes) == (pytest.approx(0.5), pytest.approx(0.5), 2)


def test_more_seeds_of_the_same_pairs_are_no_more_evidence() -> None:
    pairs = np.random.default_rng(2).normal(size=(50, 1))
    once, often = estimate(pairs, statistic(MEAN)), estimate(np.repeat(pairs, 8, axis=1), statistic(MEAN))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert (once.pairs, once.seeds, often.pairs, often.seeds) == (50, 1, 50, 8)
    assert np.isnan(once.spread)
    assert often.spread == pytest.approx(0.0, abs=1e-12)


def test_spread_is_the_deviation_between_seeds() -> None:
    values = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 8.0]])
    found = estimate(values, statistic(MEAN))
    assert found.value == pytest.approx(4.0)
    assert found.spread == pytest.approx(np.std([2.0, 3.0, 7.0], ddof=1))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(size=(20, 2))
    assert estimate(values, statistic(MEAN), seed=5) == estimate(values, statistic(MEAN), seed=5)
    assert estimate(values, statistic(MEAN), seed=5).low != estimate(values, statistic(MEAN), seed=6).low


def test_differences_on_the_same_pairs_are_surer_than_the_figures() -> None:
    drawn = np.random.default_rng(4)
    hard = drawn.normal(0.0, 5.0, (60, 1))
    baseline, better = hard + drawn.normal(0, 0.1, (60, 1)), hard + 0.3 + drawn.normal(0, 0.1, (60, 1))
    found = difference(better, baseline, statistic(MEAN))
    assert 0.2 < found.low < found.value < found.high < 0.4
    assert estimate(better, statistic(MEAN)).high - estimate(better, statistic(MEAN)).low > 10 * (found.high - found.low)


def test_only_what_both_have_is_compared() -> None:
    a, b = np.array([[1.0], [2.0], [np.nan], [100.0]]), np.array([[0.5], [1.5], [7.0], [np.nan]])
    found = difference(a, b, statistic(MEAN))
    assert (found.value, found.pairs) == (pytest.approx(0.5), 2)
    with pytest.raises(ValueError, match=r"\(4, 1\) against \(3, 1\)"):
        difference(a, b[:3], statistic(MEAN))


def test_too_few_pairs_have_no_interval() -> None:
    one = estimate(np.array([[2.0], [np.nan]]), statistic(MEAN))
    assert (one.value, one.pairs) == (2.0, 1)
    assert np.isnan([one.low, one.high]).all()
    nothing = estimate(np.full((3, 2), np.nan), statistic(MEAN))
    assert nothing.pairs == 0
    assert np.isnan(nothing.value)
