"""superpoint-ros match"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import print_table, say
from superpoint_ros.cli.options import CameraFile, with_config
from superpoint_ros.config import Config
from superpoint_ros.errors import DataError
from superpoint_ros.types import TwoViewGeometry


@with_config("extractor", "matcher", "geometry")
def match(
    a: Annotated[Path, typer.Argument(metavar="A", help="reference image")],
    b: Annotated[Path, typer.Argument(metavar="B", help="current image")],
    config: Config,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PICTURE", help="draw the matches, .png or .jpg")
    ] = None,
    camera: CameraFile = None,
) -> None:
    """Match two images and estimate the motion between them.

    Without --camera there is a homography and no motion.

    [bold]Examples[/bold]

      superpoint-ros match left.png right.png -o matches.jpg
      superpoint-ros match a.png b.png --camera camera.yaml --max-keypoints 2000
    """
    from superpoint_ros.evaluation.side_by_side import MatchPicture, draw_side_by_side
    from superpoint_ros.features.loading import load_extractor
    from superpoint_ros.io.camera_file import read_camera
    from superpoint_ros.io.images import read_image
    from superpoint_ros.matching.mutual_nearest import match as find_matches
    from superpoint_ros.matching.two_view import estimate_two_view

    image_a, image_b = read_image(a), read_image(b)
    intrinsics = read_camera(camera) if camera else None
    extractor = load_extractor(config.extractor, to_match=True)
    features_a, features_b = extractor.extract(image_a), extractor.extract(image_b)
    matches = find_matches(features_a, features_b, config.matcher)
    geometry = estimate_two_view(features_a, features_b, matches, intrinsics, config.geometry)
    rows = [
        ("keypoints", f"{len(features_a)} and {len(features_b)}"),
        ("matches", str(len(matches))),
        ("inliers", str(int(geometry.inliers.sum()))),
        *_motion_rows(geometry),
    ]
    print_table(f"{a.name} → {b.name} with {extractor.model}", rows)
    say(geometry.reason)
    if output is not None:
        write_picture(output, draw_side_by_side(MatchPicture.of(image_a, image_b, features_a, features_b, matches, geometry)))
        say(f"picture: {output}")


def _motion_rows(geometry: TwoViewGeometry) -> list[tuple[str, str]]:
    import cv2
    import numpy as np

    rows = [("model", geometry.model.name.lower()), ("status", geometry.status.name.lower().replace("_", " "))]
    pose = geometry.T_current_reference
    if pose is not None:
        angle = float(np.degrees(np.linalg.norm(cv2.Rodrigues(pose.rotation)[0])))
        rows.append(("rotation", f"{angle:.2f}°"))
        if np.any(pose.translation):
            rows.append(("direction of A's origin in B", " ".join(f"{x:+.3f}" for x in pose.translation)))
            rows.append(("parallax", f"{geometry.parallax:.2f}°"))
    return rows


def write_picture(path: Path, picture: object) -> None:
    """Write an RGB picture in the format of the suffix. Raises DataError where that cannot be done."""
    import cv2
    import numpy as np

    try:
        written = cv2.imwrite(str(path), np.asarray(picture)[:, :, ::-1])
    except cv2.error as error:
        raise DataError(f"cannot write {path}: give a file that ends in .png or .jpg") from error
    if not written:
        raise DataError(f"cannot write {path}: the folder is missing or not writable")
