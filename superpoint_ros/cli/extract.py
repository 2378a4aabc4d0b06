"""superpoint-ros extract"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import progress, say
from superpoint_ros.cli.options import with_config
from superpoint_ros.config import Config


@with_config("extractor")
def extract(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES|FOLDERS…", help="image files, and folders of images (searched recursively)")
    ],
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.h5", help="HDF5 file to write")] = Path("features.h5"),
) -> None:
    """Write the features of images into an HDF5 file in hloc's layout.

    Each image is a group, named as its file (below the folder that was given), with keypoints (N, 2) in pixels of the file,
    descriptors (D, N), scores (N) and image_size. Keypoint (0, 0) is the centre of the top-left pixel.

    [bold]Examples[/bold]

      superpoint-ros extract photos/ -o features.h5
      superpoint-ros extract a.png b.png --max-keypoints 2000 --model weights.safetensors -o features.h5
    """
    from superpoint_ros.features.loading import load_extractor
    from superpoint_ros.io.features_file import FeaturesWriter
    from superpoint_ros.io.images import find_images, read_image

    found = find_images(images)
    extractor = load_extractor(config.extractor)
    total = 0
    with progress() as bar, FeaturesWriter(output) as file:
        for name, path in bar.track(found, description="extract"):
            features = extractor.extract(read_image(path))
            file.write(name, features)
            total += len(features)
    say(f"{total} keypoints of {len(found)} image(s) with {extractor.model}, in {output}")
