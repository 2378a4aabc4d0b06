"""How sure a figure is: bootstrap intervals over scenes and their pairs of images, and the spread over seeds.

Pairs of one scene are no independent samples: what is hard about a scene is hard about all of its pairs. So scenes are drawn with
replacement, and then, with replacement, as many pairs of each drawn scene as it has: the two-stage bootstrap (Davison and
Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Pairs of a single scene, and pairs that each show another
one, are drawn as the plain bootstrap draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.evaluation.result import Metric
from superpoint_ros.types import DoubleArray

Statistic = Callable[[DoubleArray], DoubleArray]
"""Reduces the last axis, one value a pair; NaN is a pair without this figure, and must be left out."""

CONFIDENCE = 0.95
RESAMPLES = 1000
_BATCH = 4_000_000
"""Values that are resampled at once: 32 MB."""


def statistic(metric: Metric) -> Statistic:
    """The same figure as ``metric.of_values``, of many resamplings at once."""
    if metric.kind == "mean":
        return _mean
    if metric.kind == "median":
        return _median
    if metric.kind == "share":
        return lambda values: _mean(np.where(np.isnan(values), np.nan, values <= metric.threshold))
    return lambda errors: _auc(errors, metric.threshold)


@dataclass(frozen=True)
class Estimate:
    """A figure of many pairs.

    value: mean over the seeds. low, high: the 95 % interval for other scenes and pairs of the same kind, NaN for fewer than two
    pairs. spread: standard deviation over the seeds, NaN for one seed. pairs, seeds, scenes: how many had this figure.
    """

    value: float
    low: float
    high: float
    spread: float
    pairs: int
    seeds: int
    scenes: int


NOTHING = Estimate(float("nan"), float("nan"), float("nan"), float("nan"), 0, 0, 0)


def estimate(
    values: DoubleArray, figure: Statistic, scenes: Sequence[str] = (), *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """A figure with its interval. values: (P, S), a row per pair and a column per seed, NaN where a pair has none.

    scenes: (P) of each pair; without them each pair is a scene. A pair that is drawn keeps all of its seeds: runs of one pair
    with other seeds are no new evidence about other pairs. Percentile method (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapter 13).
    """
    per_seed = _transposed(values)
    return _estimate(lambda rows: figure(per_seed[:, rows]), per_seed, scenes, resamples, seed)


def difference(
    values: DoubleArray,
    baseline: DoubleArray,
    figure: Statistic,
    scenes: Sequence[str] = (),
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """What the figure is above that of a baseline on the same pairs and seeds. values, baseline: (P, S), as for `estimate`.

    Only what both have is compared. Both are resampled together, so that what makes a pair hard for everyone cancels out.
    """
    a, b = _transposed(values), _transposed(baseline)
    if a.shape != b.shape:
        raise ValueError(f"the same pairs and seeds are compared: {values.shape} against {baseline.shape}")
    missing = np.isnan(a) | np.isnan(b)
    a, b = np.where(missing, np.nan, a), np.where(missing, np.nan, b)
    return _estimate(lambda rows: figure(a[:, rows]) - figure(b[:, rows]), a, scenes, resamples, seed)


def _transposed(values: DoubleArray) -> DoubleArray:
    """(S, P + 1): the last column, which index -1 means, is no pair."""
    return np.pad(np.asarray(values, np.float64).T, ((0, 0), (0, 1)), constant_values=np.nan)


def _estimate(
    figure: Callable[[NDArray[np.intp]], DoubleArray], per_seed: DoubleArray, scenes: Sequence[str], resamples: int, seed: int
) -> Estimate:
    """figure: the (S, …) figures of rows (…, P) of pairs. per_seed: (S, P + 1), to see which pairs have any."""
    present = ~np.isnan(per_seed)
    rows = np.flatnonzero(present.any(axis=0))
    seeds = int(present.any(axis=1).sum())
    if len(rows) == 0:
        return NOTHING
    at_seed = figure(rows)
    at_seed = at_seed[~np.isnan(at_seed)]
    members = _members(rows, scenes)
    low, high = _interval(lambda drawn: _mean(np.moveaxis(figure(drawn), 0, -1)), members, resamples, seed, len(per_seed))
    spread = float(np.std(at_seed, ddof=1)) if len(at_seed) > 1 else float("nan")
    value = float(np.mean(at_seed)) if len(at_seed) else float("nan")
    return Estimate(value, low, high, spread, len(rows), seeds, len(members))


def _members(rows: NDArray[np.intp], scenes: Sequence[str]) -> NDArray[np.intp]:
    """The rows of each scene, a line per scene, filled up with -1."""
    if not scenes:
        return rows[:, None]
    _, scene, counts = np.unique([scenes[row] for row in rows], return_inverse=True, return_counts=True)
    order = np.argsort(scene, kind="stable")
    found = np.full((len(counts), counts.max()), -1, np.intp)
    found[np.arange(found.shape[1]) < counts[:, None]] = rows[order]
    return found


def _interval(
    figure: Callable[[NDArray[np.intp]], DoubleArray], members: NDArray[np.intp], resamples: int, seed: int, seeds: int
) -> tuple[float, float]:
    """members: (C, L) the rows of each scene, filled up with -1."""
    if (members >= 0).sum() < 2:
        return float("nan"), float("nan")
    drawn, counts = np.random.default_rng(seed), (members >= 0).sum(axis=1)
    batch = max(1, _BATCH // (members.size * seeds))
    figures = np.concatenate(
        [figure(_resample(members, counts, min(batch, resamples - done), drawn)) for done in range(0, resamples, batch)]
    )
    with np.errstate(invalid="ignore"):  # between infinite errors
        low, high = np.percentile(figures, (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)))
    return float(low), float(high)


def _resample(
    members: NDArray[np.intp], counts: NDArray[np.intp], resamples: int, drawn: np.random.Generator
) -> NDArray[np.intp]:
    """(R, C L) rows, filled up with -1: scenes with replacement, then the pairs of each."""
    scenes, most = members.shape
    chosen = drawn.integers(scenes, size=(resamples, scenes))[..., None]
    size = counts[chosen]
    pairs = drawn.integers(np.broadcast_to(size, (resamples, scenes, most)))
    rows = np.where(np.arange(most) < size, members[chosen, pairs], -1)
    return np.asarray(rows.reshape(resamples, -1))


def _mean(values: DoubleArray) -> DoubleArray:
    """Of the last axis without its NaN; NaN where nothing is left."""
    count = (~np.isnan(values)).sum(axis=-1)
    total: DoubleArray = np.nansum(values, axis=-1) / np.where(count, count, 1)
    return np.where(count, total, np.nan)


def _median(values: DoubleArray) -> DoubleArray:
    count = (~np.isnan(values)).sum(axis=-1)[..., None]
    ordered = np.sort(values, axis=-1)  # NaN last
    low, high = np.maximum((count - 1) // 2, 0), np.maximum(np.minimum(count // 2, count - 1), 0)
    found: DoubleArray = (np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1))[..., 0] / 2.0
    return found


def _auc(errors: DoubleArray, threshold: float) -> DoubleArray:
    """Area under the broken line through (error i, share i / N), level from the last error below the threshold on."""
    count = (~np.isnan(errors)).sum(axis=-1)
    clipped = np.minimum(np.sort(np.where(np.isnan(errors), np.inf, errors), axis=-1), threshold)
    steps = np.diff(clipped, axis=-1, prepend=0.0)
    n = errors.shape[-1]
    inside = (clipped < threshold).sum(axis=-1)
    # Trapezoids between neighbours; from the last error inside the line is level, not rising towards the first one outside.
    rising = np.where(np.arange(n) < inside[..., None], np.arange(n) + 0.5, np.arange(n))
    last = threshold - np.where(inside == n, clipped[..., -1], threshold)
    area = (np.sum(steps * rising, axis=-1) + last * n) / np.where(count, count, 1)
    return np.where(count, area / threshold, np.nan)
