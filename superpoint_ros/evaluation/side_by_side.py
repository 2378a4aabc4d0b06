"""Two images side by side with their matches."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.types import BoolArray, Features, FloatArray, Image, Matches, TwoViewGeometry

OUTLIER = (214, 62, 62)
CORRECT = (74, 222, 128)
GAP = 8
SHIFT = 4
"""Drawing coordinates have this many fractional bits, so that lines start at the very keypoint."""


@dataclass(frozen=True)
class MatchPicture:
    """What a picture of matches needs: both images, (M, 2) pixels in each, (M,) inliers, and a line of text about it."""

    reference: Image
    current: Image
    reference_points: FloatArray
    current_points: FloatArray
    inliers: BoolArray
    caption: str = ""

    def shrunk(self, width: int) -> MatchPicture:
        """Drawn at most this many pixels wide, both images by the same factor; never enlarged."""
        import cv2

        from superpoint_ros.drawing import to_picture

        factor = min(1.0, (width - GAP) / (self.reference.shape[1] + self.current.shape[1]))
        if factor == 1.0:
            return self
        images = [
            cv2.resize(to_picture(image), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            for image in (self.reference, self.current)
        ]
        # The centre of the first pixel is at 0, so the corner of the image is at -0.5.
        points = [((points + 0.5) * factor - 0.5).astype(np.float32) for points in (self.reference_points, self.current_points)]
        return replace(
            self,
            reference=np.asarray(images[0], np.uint8),
            current=np.asarray(images[1], np.uint8),
            reference_points=points[0],
            current_points=points[1],
        )

    @staticmethod
    def of(
        reference_image: Image,
        current_image: Image,
        reference: Features,
        current: Features,
        matches: Matches,
        geometry: TwoViewGeometry,
        caption: str = "",
    ) -> MatchPicture:
        """From what extraction, matching and estimation gave."""
        return MatchPicture(
            reference_image,
            current_image,
            reference.keypoints[matches.reference_index],
            current.keypoints[matches.current_index],
            geometry.inliers,
            caption,
        )


def draw_side_by_side(picture: MatchPicture, max_lines: int = 160, by_place: bool = True) -> NDArray[np.uint8]:
    """Side by side (reference left), HxWx3 uint8 RGB: inliers in a colour that follows their place, outliers red and thin.

    by_place: False draws all inliers green, where they are known to be correct. More than max_lines are thinned out evenly:
    beyond that nobody sees where a line goes.
    """
    import cv2

    left, right = _canvas(picture.reference), _canvas(picture.current)
    height = max(left.shape[0], right.shape[0])
    offset = left.shape[1] + GAP
    canvas = np.full((height, offset + right.shape[1], 3), 255, np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], offset:] = right
    # Outliers first, so that they lie below the inliers.
    for index in [*_thin(np.flatnonzero(~picture.inliers), max_lines // 4), *_thin(np.flatnonzero(picture.inliers), max_lines)]:
        a, b = picture.reference_points[index], picture.current_points[index] + np.array([offset, 0], np.float32)
        inlier = bool(picture.inliers[index])
        placed = _hue(float(a[0]) / left.shape[1], float(a[1]) / left.shape[0]) if by_place else CORRECT
        colour = placed if inlier else OUTLIER
        cv2.line(canvas, _fixed(a), _fixed(b), colour, 1, cv2.LINE_AA, SHIFT)
        if inlier:
            for point in (a, b):
                cv2.circle(canvas, _fixed(point), 2 << SHIFT, colour, -1, cv2.LINE_AA, SHIFT)
    return canvas


def _canvas(image: Image) -> NDArray[np.uint8]:
    """A greyish copy, so that colours belong to the matches."""
    import cv2

    from superpoint_ros.drawing import to_picture

    grey = cv2.cvtColor(to_picture(image), cv2.COLOR_RGB2GRAY)
    return np.repeat((grey * 0.78 + 25.0).astype(np.uint8)[:, :, None], 3, axis=2)


def _thin(indices: NDArray[np.intp], most: int) -> list[int]:
    step = max(1.0, len(indices) / max(most, 1))
    return [int(indices[int(i * step)]) for i in range(int(len(indices) / step))]


def _fixed(point: FloatArray) -> tuple[int, int]:
    return round(float(point[0]) * (1 << SHIFT)), round(float(point[1]) * (1 << SHIFT))


def _hue(x: float, y: float) -> tuple[int, int, int]:
    """Neighbours have like colours, so that a wrong match stands out."""
    red, green, blue = colorsys.hsv_to_rgb((0.12 + 0.76 * x) % 1.0, 0.65 + 0.3 * y, 1.0)
    return int(255 * red), int(255 * green), int(255 * blue)
