"""Keypoints with an identity: matches between consecutive images chained through time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.matching.camera_model import normalize_points
from superpoint_ros.types import Camera, Features, FeatureTracks, FloatArray, Matches


class Tracker:
    """Gives every keypoint an id that it keeps for as long as it is matched from one image to the next.

    Ids count up from 0 and are never reused, not even after a reset.
    """

    def __init__(self) -> None:
        self._next_id = 0
        self._previous: FeatureTracks | None = None
        self._stamp = float("-inf")

    def reset(self) -> None:
        """Forget the last image: all keypoints of the next one are new."""
        self._previous = None
        self._stamp = float("-inf")

    def update(self, current: Features, matches: Matches | None, stamp: float, camera: Camera | None) -> FeatureTracks:
        """Tracks of all keypoints of the current image, in their order.

        matches: from the previous image (as given to the last call) to this one, best without outliers; None where there is no
        connection. stamp: seconds; where it does not advance, every keypoint starts anew. camera: one that is not usable counts
        as none.
        """
        if not stamp > self._stamp:
            self.reset()
        n = len(current)
        normalized = _normalized(current, camera)
        ids, length, velocity = np.empty(n, np.uint64), np.ones(n, np.uint32), np.zeros((n, 2), np.float32)
        is_new = np.ones(n, bool)
        if self._previous is not None and matches is not None and len(matches):
            before, now = matches.reference_index, matches.current_index
            ids[now] = self._previous.id[before]
            length[now] = self._previous.length[before] + np.uint32(1)
            velocity[now] = self._velocity(current, normalized, matches, stamp)
            is_new[now] = False
        ids[is_new] = np.arange(self._next_id, self._next_id + int(is_new.sum()), dtype=np.uint64)
        self._next_id += int(is_new.sum())
        self._previous, self._stamp = FeatureTracks(ids, current.keypoints, normalized, velocity, length), stamp
        return self._previous

    def _velocity(self, current: Features, normalized: FloatArray, matches: Matches, stamp: float) -> NDArray[np.floating]:
        assert self._previous is not None
        before, now = matches.reference_index, matches.current_index
        step = normalized[now] - self._previous.normalized[before]
        if np.isnan(step).all():
            step = current.keypoints[now] - self._previous.pixels[before]
        return np.nan_to_num(step) / (stamp - self._stamp)


def _normalized(current: Features, camera: Camera | None) -> FloatArray:
    try:
        if camera is not None:
            return normalize_points(current.keypoints, camera).astype(np.float32)
    except DataError:
        pass
    return np.full((len(current), 2), np.nan, np.float32)
