"""Features x Features -> Matches: mutual nearest neighbours by one matrix product."""

from __future__ import annotations

import numpy as np

from superpoint_ros.config import MatcherConfig
from superpoint_ros.errors import ModelMismatchError
from superpoint_ros.matching.blas import BlasThreads
from superpoint_ros.types import BoolArray, Features, FloatArray, IndexArray, Matches


def match(reference: Features, current: Features, config: MatcherConfig = MatcherConfig()) -> Matches:
    """Pairs of keypoints that are each other's most similar one, in the order of the reference keypoints.

    Of equally similar candidates the one with the lowest index wins, so that the result never depends on chance. The descriptors
    have unit length, hence the largest dot product s is the smallest Euclidean distance sqrt(2 - 2 s).

    Raises ModelMismatchError where the descriptors were made by different models.
    """
    _require_same_model(reference, current)
    if len(reference) == 0 or len(current) == 0:
        return empty_matches()
    similarity = _similarity(reference.descriptors, current.descriptors)
    nearest = similarity.argmax(axis=1)
    best = similarity[np.arange(len(reference)), nearest]
    # A pair is mutual where its similarity is the largest of its column, too: a maximum costs a tenth of a second argmax.
    keep = (best == similarity.max(axis=0)[nearest]) & (best >= np.float32(config.min_similarity))
    if config.ratio < 1.0:
        keep &= _passes_ratio_test(similarity, nearest, best, config.ratio)
    mutual = np.flatnonzero(keep)
    _, first = np.unique(nearest[mutual], return_index=True)
    chosen = np.sort(mutual[first])
    return Matches(chosen.astype(np.int64), nearest[chosen].astype(np.int64), best[chosen])


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
    if sizes[0] != sizes[1] and len(reference) and len(current):
        raise ModelMismatchError(
            f"cannot match {sizes[0]}-D descriptors with {sizes[1]}-D ones, although both say model {reference.model!r}: "
            "extract both images with the same model"
        )


def _similarity(reference: FloatArray, current: FloatArray) -> FloatArray:
    """(N, M) float32 dot products; -inf for descriptors that are not finite."""
    with BlasThreads(reference.size * len(current)):
        similarity = reference @ current.T
    # A broken descriptor spoils its whole row or column, hence also the first element of it.
    if not np.isfinite(similarity[0]).all() or not np.isfinite(similarity[:, 0]).all():
        similarity[~np.isfinite(reference).all(axis=1)] = -np.inf
        similarity[:, ~np.isfinite(current).all(axis=1)] = -np.inf
    return similarity


def _passes_ratio_test(similarity: FloatArray, nearest: IndexArray, best: FloatArray, ratio: float) -> BoolArray:
    """Whether the best distance is clearly below the second best one (Lowe, IJCV 2004); a lone candidate passes.

    The best ones are removed from the similarities.
    """
    if similarity.shape[1] < 2:
        return np.ones(len(best), bool)
    similarity[np.arange(len(best)), nearest] = -np.inf
    return np.asarray(_distance(best) < ratio * _distance(similarity.max(axis=1)))


def _distance(similarity: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(2.0 - 2.0 * similarity, 0.0))
