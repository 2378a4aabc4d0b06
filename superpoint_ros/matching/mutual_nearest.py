"""Features x Features -> Matches: mutual nearest neighbours."""

from __future__ import annotations

import numpy as np

from superpoint_ros.config import MatcherConfig
from superpoint_ros.errors import ModelMismatchError
from superpoint_ros.matching.nearest import nearest, nearest_in_window
from superpoint_ros.types import Features, FloatArray, Matches


def match(
    reference: Features, current: Features, config: MatcherConfig = MatcherConfig(), predicted: FloatArray | None = None
) -> Matches:
    """Pairs of keypoints that are each other's most similar one, in the order of the reference keypoints.

    Of equally similar candidates the one with the lowest index wins, so that the result never depends on chance. The descriptors
    have unit length, hence the largest dot product s is the smallest Euclidean distance sqrt(2 - 2 s).

    predicted: (N, 2) float32, where the reference's keypoints should be in the current image, in pixels. With ``config.window``
    only keypoints that are at most so far from there in x and y are compared; without a prediction the window is not used.

    Raises ModelMismatchError where the descriptors were made by different models, or there are none.
    """
    _require_same_model(reference, current)
    if len(reference) == 0 or len(current) == 0:
        return empty_matches()
    needs_second = config.ratio < 1.0
    if predicted is not None and config.window > 0.0:
        found = nearest_in_window(reference, current, predicted, config.window, needs_second)
    else:
        found = nearest(reference.descriptors, current.descriptors, needs_second)
    # A pair is mutual where its similarity is the largest of its column, too: a maximum costs a tenth of a second argmax.
    keep = (found.best == found.best_of_column[found.index]) & (found.best >= np.float32(config.min_similarity))
    if needs_second:
        keep &= _distance(found.best) < config.ratio * _distance(found.second)  # Lowe, IJCV 2004
    mutual = np.flatnonzero(keep)
    _, first = np.unique(found.index[mutual], return_index=True)
    chosen = np.sort(mutual[first])
    return Matches(chosen.astype(np.int64), found.index[chosen].astype(np.int64), found.best[chosen])


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


def _distance(similarity: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(2.0 - 2.0 * similarity, 0.0))
