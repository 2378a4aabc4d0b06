"""Features x Features -> Matches: mutual nearest neighbours by one matrix product."""

from __future__ import annotations

import numpy as np

from superpoint_ros.config import MatcherConfig
from superpoint_ros.errors import ModelMismatchError
from superpoint_ros.types import BoolArray, Features, FloatArray, Matches


def match(reference: Features, current: Features, config: MatcherConfig = MatcherConfig()) -> Matches:
    """Pairs of keypoints that are each other's most similar one, in the order of the reference keypoints.

    Of equally similar candidates the one with the lower index wins, so that the result never depends on chance. The descriptors
    have unit length, hence the largest dot product s is the smallest Euclidean distance sqrt(2 - 2 s).

    Raises ModelMismatchError where the descriptors were made by different models, or there are none.
    """
    _require_same_model(reference, current)
    if len(reference) == 0 or len(current) == 0:
        return empty_matches()
    similarity = reference.descriptors @ current.descriptors.T
    np.nan_to_num(similarity, copy=False, nan=-np.inf)
    nearest_current = similarity.argmax(axis=1)
    nearest_reference = similarity.argmax(axis=0)
    rows = np.arange(len(reference))
    best = similarity[rows, nearest_current]
    keep = (nearest_reference[nearest_current] == rows) & np.isfinite(best) & (best >= np.float32(config.min_similarity))
    if config.ratio < 1.0:
        keep &= _passes_ratio_test(similarity, best, config.ratio)
    chosen = np.flatnonzero(keep)
    return Matches(chosen.astype(np.int64), nearest_current[chosen].astype(np.int64), best[chosen].astype(np.float32))


def empty_matches() -> Matches:
    """No matches at all."""
    return Matches(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def _require_same_model(reference: Features, current: Features) -> None:
    if reference.model != current.model:
        raise ModelMismatchError(
            f"cannot match descriptors of model {reference.model!r} with those of {current.model!r}: "
            "extract both images with the same model"
        )
    sizes = reference.descriptors.shape[1], current.descriptors.shape[1]
    if sizes == (0, 0) and len(reference) and len(current):
        raise ModelMismatchError(f"{reference.model} has no descriptors; it can only be evaluated as a detector")
    if sizes[0] != sizes[1] and len(reference) and len(current):
        raise ModelMismatchError(
            f"cannot match {sizes[0]}-D descriptors with {sizes[1]}-D ones, although both say model {reference.model!r}: "
            "extract both images with the same model"
        )


def _passes_ratio_test(similarity: FloatArray, best: FloatArray, ratio: float) -> BoolArray:
    """Whether the best distance is clearly below the second best one (Lowe, IJCV 2004); a lone candidate passes."""
    if similarity.shape[1] < 2:
        return np.ones(len(best), bool)
    second = np.partition(similarity, -2, axis=1)[:, -2]
    return np.asarray(_distance(best) < ratio * _distance(second))


def _distance(similarity: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(2.0 - 2.0 * similarity, 0.0))
