"""Features, one image after the other -> matches, geometry and tracks. The nodes and the replay run exactly this."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np

from superpoint_ros.config import GeometryConfig, KeyframeConfig, MatcherConfig
from superpoint_ros.matching.keyframes import KeyframePolicy
from superpoint_ros.matching.links import link_the_rest
from superpoint_ros.matching.mutual_nearest import empty_matches, match
from superpoint_ros.matching.tracks import Tracker
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.matching.view import View
from superpoint_ros.types import Camera, Features, FeatureTracks, Matches, TwoViewGeometry


@dataclass(frozen=True)
class PairResult:
    """What one image adds.

    stamp, reference_stamp: seconds. current, reference: features of this image and of the reference that it was compared with.
    matches: from the reference to this image. geometry: the motion between them.
    The first image, and the first one after a reset, has no reference: reference and geometry are None, reference_stamp is NaN,
    matches are empty.
    tracks: one per keypoint of this image. is_keyframe: whether this image is the reference of the next one.
    reset_reason: why everything before this image was forgotten, a sentence; empty in normal operation and on the first image.
    """

    stamp: float
    current: Features
    tracks: FeatureTracks
    matches: Matches
    reference: Features | None = None
    reference_stamp: float = float("nan")
    geometry: TwoViewGeometry | None = None
    is_keyframe: bool = True
    reset_reason: str = ""


Stage = Callable[[str], AbstractContextManager[None]]
"""Is entered around each stage of the work, by its name: match, geometry, tracks."""


class PairMatcher:
    """Compares every image with a reference image, and chooses when to take a new reference.

    One robust estimation per image: tracks go on through the reference, and through the previous image where a match agrees
    with the motion that is already known. Starts anew (with a reason) when time does not advance, or the image size or the
    model changes.
    """

    def __init__(
        self,
        matcher: MatcherConfig = MatcherConfig(),
        geometry: GeometryConfig = GeometryConfig(),
        keyframes: KeyframeConfig = KeyframeConfig(),
    ) -> None:
        self._matcher = matcher
        self._geometry = geometry
        self._policy = KeyframePolicy(keyframes)
        self._tracker = Tracker()
        self._reference: View | None = None
        self._previous: View | None = None
        self._since_reference: TwoViewGeometry | None = None

    def reset(self) -> None:
        """Forget all images; track ids go on counting."""
        self._policy.reset()
        self._tracker.reset()
        self._reference = self._previous = self._since_reference = None

    def update(
        self, features: Features, stamp: float, camera: Camera | None = None, stage: Stage = lambda name: nullcontext()
    ) -> PairResult:
        """Compare one image with the reference.

        stamp: seconds. camera: of all images; may be missing, then there is no pose. stage: for whoever measures.
        """
        reset_reason = self._reset_reason(features, stamp)
        if reset_reason:
            self.reset()
        view, reference, previous = View.of(features, stamp, camera), self._reference, self._previous
        self._previous = view
        if reference is None or previous is None:
            tracks = self._tracker.update(view, empty_matches(), empty_matches())
            self._set_reference(view)
            return PairResult(stamp, features, tracks, empty_matches(), reset_reason=reset_reason)
        with stage("match"):
            matches = match(reference.features, features, self._matcher, self._tracker.last_seen())
        with stage("geometry"):
            geometry = estimate_two_view(reference.features, features, matches, camera, self._geometry)
        with stage("tracks"):
            inliers = _chosen(matches, geometry)
            tracks = self._tracker.update(view, inliers, self._rest(previous, view, inliers, geometry, camera))
        self._since_reference = geometry
        is_keyframe = self._policy.update(geometry, _motion(reference.features, features, inliers))
        if is_keyframe:
            self._set_reference(view)
        return PairResult(stamp, features, tracks, matches, reference.features, reference.stamp, geometry, is_keyframe)

    def _rest(self, previous: View, view: View, inliers: Matches, geometry: TwoViewGeometry, camera: Camera | None) -> Matches:
        """Links from the previous image, for keypoints that the reference does not have."""
        if self._since_reference is None:  # the previous image is the reference
            return empty_matches()
        known = self._tracker.linked(inliers)
        focal_length = 1.0 if camera is None else camera.fx
        return link_the_rest(previous, view, known, self._since_reference, geometry, focal_length, self._matcher, self._geometry)

    def _set_reference(self, view: View) -> None:
        self._reference = view
        self._since_reference = None
        self._tracker.set_reference()

    def _reset_reason(self, features: Features, stamp: float) -> str:
        if self._previous is None:
            return ""
        before = self._previous
        if not stamp > before.stamp:
            return f"time did not advance: {stamp:.6f} s after {before.stamp:.6f} s"
        if features.image_size != before.features.image_size:
            return f"the image size changed from {_size(before.features)} to {_size(features)}"
        if features.model != before.features.model:
            return f"the model changed from {before.features.model!r} to {features.model!r}"
        return ""


def _chosen(matches: Matches, geometry: TwoViewGeometry) -> Matches:
    """The matches that agree with the geometry."""
    keep = geometry.inliers
    return Matches(matches.reference_index[keep], matches.current_index[keep], matches.similarity[keep])


def _motion(reference: Features, current: Features, links: Matches) -> float:
    """Median motion of the linked keypoints as a share of the image diagonal; 0 without any."""
    if len(links) == 0:
        return 0.0
    step = current.keypoints[links.current_index] - reference.keypoints[links.reference_index]
    return float(np.median(np.linalg.norm(step, axis=1)) / np.hypot(*current.image_size))


def _size(features: Features) -> str:
    return "{}x{}".format(*features.image_size)
