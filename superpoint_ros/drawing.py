"""Pictures of features and matches, for people: ``debug_image``, ``match_image``, reports."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import Features, FeatureTracks, Image, Matches, TwoViewGeometry

Picture = NDArray[np.uint8]
"""HxWx3, uint8, RGB."""

_INLIER = (80, 220, 100)
_OUTLIER = (235, 70, 60)
_TEXT = (255, 255, 255)
_FRACTION_BITS = 4
"""OpenCV draws at fractions of a pixel when coordinates are shifted left by this many bits."""


def draw_features(image: Image, features: Features) -> Picture:
    """A copy of the image with a circle per keypoint, from blue (low score) to yellow (high score), and a line of text."""
    picture = to_picture(image)
    if len(features):
        # Scores fall off so quickly that ranks spread the colours better than values.
        ranks = np.linspace(255, 60, len(features)).astype(np.uint8)
        order = np.argsort(-features.scores, kind="stable")
        colours = cv2.applyColorMap(ranks, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]
        for point, colour in zip(_fixed_point(features.keypoints[order])[::-1], colours[::-1].tolist(), strict=True):
            cv2.circle(picture, point, _radius(picture) << _FRACTION_BITS, colour, 1, cv2.LINE_AA, _FRACTION_BITS)
    _write(picture, f"{len(features)} keypoints  {features.model}")
    return picture


def draw_matches(
    image: Image,
    reference: Features,
    current: Features,
    matches: Matches,
    geometry: TwoViewGeometry,
    tracks: FeatureTracks | None = None,
) -> Picture:
    """The current image with the motion of each match since the reference image, and a line of text about the geometry.

    Inliers are green and outliers faint red; a dot marks where the keypoint is now, the tail where it was. Keypoints with a long
    track have a larger dot.
    """
    picture = to_picture(image)
    start = _fixed_point(reference.keypoints[matches.reference_index])
    end = _fixed_point(current.keypoints[matches.current_index])
    long_lived = _long_tracks(tracks)
    radius = _radius(picture)
    # Outliers first, and faint: their lines cross the whole image and must not hide the inliers.
    faint = picture.copy()
    for row in np.flatnonzero(~geometry.inliers):
        cv2.line(faint, start[row], end[row], _OUTLIER, 1, cv2.LINE_AA, _FRACTION_BITS)
        cv2.circle(faint, end[row], 1 << _FRACTION_BITS, _OUTLIER, -1, cv2.LINE_AA, _FRACTION_BITS)
    cv2.addWeighted(faint, 0.4, picture, 0.6, 0.0, dst=picture)
    for row in np.flatnonzero(geometry.inliers):
        cv2.line(picture, start[row], end[row], _INLIER, 1, cv2.LINE_AA, _FRACTION_BITS)
        x, y = current.keypoints[matches.current_index[row]].tolist()
        dot = radius if (x, y) in long_lived else max(radius - 1, 1)
        cv2.circle(picture, end[row], dot << _FRACTION_BITS, _INLIER, -1, cv2.LINE_AA, _FRACTION_BITS)
    parallax = "" if np.isnan(geometry.parallax) else f"  parallax {geometry.parallax:.1f} deg"
    counts = f"{int(geometry.inliers.sum())} of {len(matches)} matches"
    _write(picture, f"{geometry.status.name}  {geometry.model.name}  {counts}{parallax}")
    return picture


def to_picture(image: Image) -> Picture:
    """An 8-bit RGB copy; 16-bit and float images are stretched to their range, so that dark ones can be seen."""
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = ((image.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6))).astype(np.uint8)
    return np.dstack([image] * 3).astype(np.uint8) if image.ndim == 2 else np.array(image, np.uint8, order="C")


def _fixed_point(points: NDArray[np.float32]) -> list[tuple[int, int]]:
    return [(x, y) for x, y in np.rint(points * (1 << _FRACTION_BITS)).astype(int).tolist()]


def _long_tracks(tracks: FeatureTracks | None, images: int = 5) -> set[tuple[float, float]]:
    return set() if tracks is None else {(x, y) for x, y in tracks.pixels[tracks.length >= images].tolist()}


def _radius(picture: Picture) -> int:
    return max(2, round(max(picture.shape[:2]) / 400))


def _write(picture: Picture, text: str) -> None:
    """A line of text on a dark bar at the lower edge, as large as the picture allows."""
    height, width = picture.shape[:2]
    font = cv2.FONT_HERSHEY_SIMPLEX
    (text_width, _), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = min(max(0.4, width / 1800.0), 0.95 * width / text_width)
    bar = round(40 * scale)
    if bar < 8 or bar > height // 3:  # no room for readable letters
        return
    picture[height - bar :] //= 3
    cv2.putText(picture, text, (round(10 * scale), height - round(12 * scale)), font, scale, _TEXT, 1, cv2.LINE_AA)
