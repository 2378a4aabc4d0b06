"""Keypoints with an identity: what was matched from image to image, chained through time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.matching.mutual_nearest import empty_matches
from superpoint_ros.matching.view import View
from superpoint_ros.types import DoubleArray, FeatureTracks, FloatArray, IndexArray, Matches


@dataclass(frozen=True)
class _Sightings:
    """Of each track of an image: its id, in how many images it was seen, and where and when the last time."""

    id: NDArray[np.uint64]
    length: NDArray[np.uint32]
    pixels: FloatArray
    normalized: FloatArray
    stamp: DoubleArray

    def updated(self, newer: _Sightings) -> _Sightings:
        """With the newer sightings of the same tracks."""
        _, mine, theirs = np.intersect1d(self.id, newer.id, assume_unique=True, return_indices=True)
        fields = {name: getattr(self, name).copy() for name in ("length", "pixels", "normalized", "stamp")}
        for name, values in fields.items():
            values[mine] = getattr(newer, name)[theirs]
        return replace(self, **fields)


class Tracker:
    """Gives every keypoint an id that it keeps for as long as it is matched.

    A track goes on where a keypoint is matched to a keypoint of the reference image or of the previous one. So a track that
    the reference knows may miss images and come back, for as long as the reference stays.
    Ids count up from 0 and are never reused, not even after a reset. No two keypoints of an image have the same.
    """

    def __init__(self) -> None:
        self._next_id = 0
        self.reset()

    def reset(self) -> None:
        """Forget all images: all keypoints of the next one are new."""
        self._reference: _Sightings | None = None
        self._previous: _Sightings | None = None

    def set_reference(self) -> None:
        """The last image is the reference of the next ones."""
        self._reference = self._previous

    def last_seen(self) -> FloatArray:
        """(N, 2) float32 pixels where each keypoint of the reference was seen last: a prediction for the next image."""
        return np.zeros((0, 2), np.float32) if self._reference is None else self._reference.pixels

    def linked(self, from_reference: Matches) -> Matches:
        """What matches from the reference to a new image say about the previous image: links from there to the new one."""
        if self._reference is None or self._previous is None:
            return empty_matches()
        ids = self._reference.id[from_reference.reference_index]
        _, before, chosen = np.intersect1d(self._previous.id, ids, assume_unique=True, return_indices=True)
        return Matches(before, from_reference.current_index[chosen], from_reference.similarity[chosen])

    def update(self, view: View, from_reference: Matches, from_previous: Matches) -> FeatureTracks:
        """Tracks of all keypoints of an image, in their order.

        from_reference, from_previous: matches from those images to this one, best without outliers; no keypoint of this image
        and no track is in both.
        """
        n = len(view.features)
        ids, length, velocity = np.zeros(n, np.uint64), np.ones(n, np.uint32), np.zeros((n, 2), np.float32)
        is_new = np.ones(n, bool)
        for seen, matches in ((self._reference, from_reference), (self._previous, from_previous)):
            if seen is not None and len(matches):
                before, now = matches.reference_index, matches.current_index
                ids[now], length[now] = seen.id[before], seen.length[before] + np.uint32(1)
                velocity[now] = _velocity(seen, before, view, now)
                is_new[now] = False
        ids[is_new] = np.arange(self._next_id, self._next_id + int(is_new.sum()), dtype=np.uint64)
        self._next_id += int(is_new.sum())
        self._previous = _Sightings(ids, length, view.features.keypoints, view.normalized, np.full(n, view.stamp))
        if self._reference is not None:
            self._reference = self._reference.updated(self._previous)
        return FeatureTracks(ids, view.features.keypoints, view.normalized, velocity, length)


def _velocity(seen: _Sightings, before: IndexArray, view: View, now: IndexArray) -> NDArray[np.floating]:
    """Since the last sighting; of pixels where one of the images had no camera."""
    step = view.normalized[now] - seen.normalized[before]
    if np.isnan(step).all():
        step = view.features.keypoints[now] - seen.pixels[before]
    return np.nan_to_num(step) / (view.stamp - seen.stamp[before])[:, None]
