"""superpoint-ros replay"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import ERRORS, print_table, progress, say
from superpoint_ros.cli.options import CameraFile, with_config
from superpoint_ros.config import Config


@with_config("extractor", "matcher", "geometry", "keyframes", "odometry", policy="every_frame")
def replay(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="rosbag, folder of images, or a TUM, KITTI or EuRoC sequence")],
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="where the results go; made if it is missing")],
    config: Config,
    topic: Annotated[str | None, typer.Option(help="image topic, for a bag with more than one")] = None,
    camera: CameraFile = None,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE.tum", help="ground truth, if the source has none: camera to world")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="use every N-th frame")] = 1,
) -> None:
    """Run the whole pipeline over a recording: every frame in order, the same result every time.

    Writes trajectory.tum, features.h5, config.yaml, metrics.json and report.html. Compares consecutive frames; with
    --policy motion it compares keyframes, as the nodes do.

    [bold]Examples[/bold]

      superpoint-ros replay recording.mcap --topic /camera/image_raw -o out
      superpoint-ros replay kitti/00 -o out --features sift
      superpoint-ros replay images/ --camera camera.yaml --every 3 -o out
    """
    from superpoint_ros.evaluation.tables import error_rows, figure, status_rows
    from superpoint_ros.io.camera_file import read_camera
    from superpoint_ros.io.features_file import FeaturesWriter
    from superpoint_ros.io.sources import open_source
    from superpoint_ros.io.trajectory import Trajectory
    from superpoint_ros.replay.outputs import FEATURES, make_folder, write_outputs
    from superpoint_ros.replay.runner import replay as run

    frames = open_source(source, topic)
    intrinsics = read_camera(camera) if camera else None
    truth = Trajectory.read_tum(reference) if reference else None
    make_folder(out)
    with progress() as bar:
        task = bar.add_task(frames.name, total=len(range(0, len(frames), every)))
        result = run(
            frames,
            config,
            camera=intrinsics,
            truth=truth,
            every=every,
            sink=FeaturesWriter(out / FEATURES),
            on_frame=lambda done: bar.update(task, completed=done),
        )
    write_outputs(result, config, out)

    for warning in result.warnings:
        ERRORS.print(f"[yellow]note:[/] {warning}", highlight=False, soft_wrap=True)
    summary = result.summary
    say(f"{result.source}: {result.frames} frames with {result.model}")
    counts = [
        ("Valid two-view geometries", f"{summary.valid} of {summary.pairs}"),
        (
            "Keypoints, matches, inliers (median)",
            " / ".join(figure(n, 0) for n in (summary.keypoints, summary.matches, summary.inliers)),
        ),
    ]
    print_table("Pairs", counts)
    if summary.valid < summary.pairs:
        print_table("Status", status_rows(summary))
    if rows := error_rows(summary, result.trajectory_error):
        print_table("Against ground truth", rows, ("", "median", "90 %"))
    say(f"report: {out / 'report.html'}")
