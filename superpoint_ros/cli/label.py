"""superpoint-ros label"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import progress, say
from superpoint_ros.errors import ConfigError


def label(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDERS…", help="folders of images (searched recursively)")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="where the labels go")] = Path("labels"),
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="NAME|FILE", help="network that detects; Shi-Tomasi corners without one")
    ] = None,
    licensed: Annotated[
        bool, typer.Option("--licensed", help="only images that the folder's MANIFEST.tsv says are freely licensed")
    ] = False,
    scenes: Annotated[int, typer.Option(min=0, help="also label this many views of rendered rooms")] = 0,
    max_size: Annotated[
        int, typer.Option(min=64, help="shrink the longer image side to this; training draws its views from it")
    ] = 480,
    warps: Annotated[int, typer.Option(min=0, help="random views in which keypoints are counted")] = 100,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="drop labels that a smaller share of the views shows")
    ] = 0.15,
    max_keypoints: Annotated[int, typer.Option(min=1, help="labels per image, best first")] = 1000,
    nms_radius: Annotated[int, typer.Option(min=0, help="no two labels are closer than this many pixels in x and y")] = 4,
    rotation: Annotated[float, typer.Option(min=0.0, max=180.0, help="most degrees that a view is turned by, either way")] = 60.0,
    scale: Annotated[float, typer.Option(min=1.0, help="most that a view is enlarged or shrunk by")] = 1.8,
    device: Annotated[str, typer.Option(help="of the network: auto, cpu, cuda, cuda:N or mps")] = "auto",
    check: Annotated[
        int, typer.Option(min=0, metavar="N", help="write nothing: measure on N of the images how repeatable the labels are")
    ] = 0,
    ray: Annotated[
        bool, typer.Option("--ray", help="spread the images over a Ray cluster: that of RAY_ADDRESS, or all processors here")
    ] = False,
) -> None:
    """Find repeatable points in images without labels, by homographic adaptation: what `train superpoint` learns from.

    Stops and goes on where it was; labels lie in one .npz per image, with the settings beside them.

    [bold]Examples[/bold]

      superpoint-ros label photos/ --licensed --scenes 40 -o labels
      superpoint-ros label photos/ --weights small --warps 200 -o labels
      superpoint-ros label photos/ --weights small --check 40
      superpoint-ros label photos/ --weights full --device cuda --max-size 960 --max-keypoints 1000 -o labels
      RAY_ADDRESS=head:6379 superpoint-ros label photos/ --weights small --ray -o labels
    """
    from superpoint_ros.training.homographic_adaptation import AdaptationConfig, label_here, load_detector
    from superpoint_ros.training.label_check import label_agreement
    from superpoint_ros.training.photos import folder_photos, free_photos, grey_photo, render_scenes, write_labels
    from superpoint_ros.training.ray_cluster import label_on_ray

    if check and ray:
        raise ConfigError("--check measures in this process: leave out --ray")
    if ray and device not in ("auto", "cpu"):
        raise ConfigError(f"--ray labels on the processors of the cluster: leave out --device {device}")
    find = free_photos if licensed else folder_photos
    photos = [photo for folder in folders for photo in find(folder)]
    spread = replace(AdaptationConfig().spread, rotation=rotation, scale=scale)
    config = AdaptationConfig(
        warps=warps, min_confidence=min_confidence, max_keypoints=max_keypoints, nms_radius=nms_radius, spread=spread
    )
    name, detector = load_detector(weights, "cpu" if ray else device)
    if check:
        chosen = photos[:: max(1, len(photos) // check)][:check]
        with progress() as bar:
            images = (grey_photo(photo.path, max_size) for photo in bar.track(chosen, description="check"))
            found = label_agreement(images, detector, config)
        say(f"{found.images} images, {found.points:.0f} labels each by {name}; found again in another view:")
        say(f"{found.within_1:.1%} within 1 pixel, {found.within_3:.1%} within 3 pixels")
        return
    if scenes:
        photos += render_scenes(output / "scenes", scenes)
    with progress() as bar:
        task = bar.add_task("label", total=len(photos))
        label_all = label_on_ray if ray else label_here
        write_labels(photos, output, (name, detector), config, max_size, label_all=label_all, on_image=lambda: bar.advance(task))
    say(f"labels of {len(photos)} images in {output}")
