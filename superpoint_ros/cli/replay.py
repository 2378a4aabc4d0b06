"""superpoint-ros replay"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from superpoint_ros.cli.console import note, print_table, progress, say
from superpoint_ros.cli.options import CameraFile, with_config
from superpoint_ros.config import Config
from superpoint_ros.errors import ConfigError

if TYPE_CHECKING:
    from superpoint_ros.replay.result import ReplayResult

EVALUATION = "Evaluation"


@with_config("extractor", "matcher", "geometry", "keyframes", "odometry", policy="every_frame")
def replay(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="rosbag, folder of images, or a TUM, KITTI or EuRoC sequence")],
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="where the results go; made if it is missing")],
    config: Config,
    topic: Annotated[str | None, typer.Option(help="image topic, for a bag with more than one")] = None,
    camera: CameraFile = None,
    every: Annotated[int, typer.Option(min=1, help="use every N-th frame")] = 1,
    evaluate: Annotated[
        bool,
        typer.Option("--evaluate", help="all figures; a reference that is of no use is an error", rich_help_panel=EVALUATION),
    ] = False,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.tum|TOPIC",
            help="true poses: a TUM file (camera to world), or a topic of the bag; without it those of the source",
            rich_help_panel=EVALUATION,
        ),
    ] = None,
    reference_frame: Annotated[
        str,
        typer.Option(
            metavar="FRAME",
            help="whose poses the reference holds, if it does not say so itself; /tf_static of the bag leads to the camera",
            rich_help_panel=EVALUATION,
        ),
    ] = "",
    recording: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="evaluate what live nodes said about this bag (recorder_node wrote it) instead of running the pipeline here",
            rich_help_panel=EVALUATION,
        ),
    ] = None,
) -> None:
    """Run the whole pipeline over a recording: every frame in order, the same result every time.

    Writes trajectory.tum, features.h5, config.yaml, metrics.json and report.html. Compares consecutive frames; with
    --policy motion it compares keyframes, as the nodes do.

    [bold]Examples[/bold]

      superpoint-ros replay recording.mcap --topic /camera/image_raw -o out
      superpoint-ros replay recording.mcap --evaluate --reference /odom -o out
      superpoint-ros replay kitti/00 -o out --features sift
      superpoint-ros replay images/ --camera camera.yaml --reference truth.tum -o out
    """
    from superpoint_ros.io.camera_file import read_camera
    from superpoint_ros.io.features_file import FeaturesWriter
    from superpoint_ros.io.recording import Recording
    from superpoint_ros.io.reference import open_reference
    from superpoint_ros.io.sources import open_source
    from superpoint_ros.replay.live import evaluate_recording
    from superpoint_ros.replay.outputs import FEATURES, make_folder, write_outputs
    from superpoint_ros.replay.result import check_coverage
    from superpoint_ros.replay.runner import replay as run

    if recording is not None and (camera is not None or every != 1):
        raise ConfigError("--recording is of nodes that ran: --camera and --every have no effect on it")
    frames = open_source(source, topic)
    intrinsics = read_camera(camera) if camera else None
    wanted = evaluate or reference is not None or reference_frame != ""
    truth = open_reference(reference, frames, reference_frame) if wanted else None
    heard = Recording.read(recording) if recording is not None else None
    make_folder(out)
    if heard is not None:
        result = evaluate_recording(heard, frames, truth.trajectory if truth else None)
    else:
        with progress() as bar:
            task = bar.add_task(frames.name, total=len(range(0, len(frames), every)))
            result = run(
                frames,
                config,
                camera=intrinsics,
                truth=truth.trajectory if truth else None,
                every=every,
                sink=FeaturesWriter(out / FEATURES),
                on_frame=lambda done: bar.update(task, completed=done),
            )
    notes = [truth.note, *check_coverage(result, truth.name)] if truth else []
    result = result.with_warnings(one for one in notes if one)
    write_outputs(result, config if heard is None else None, out)
    _print(result, evaluate)
    say(f"report: {out / 'report.html'}")


def _print(result: ReplayResult, everything: bool) -> None:
    from superpoint_ros.evaluation.frames import QUANTILES, stage_rows
    from superpoint_ros.evaluation.tables import error_rows, figure, status_rows

    for warning in result.warnings:
        note(warning)
    summary, frames = result.summary, result.frame_summary
    say(f"{result.source}: {result.frames} frames with {result.model}")
    counts = [
        ("Valid two-view geometries", f"{summary.valid} of {summary.pairs}"),
        (
            "Keypoints, matches, inliers (median)",
            " / ".join(figure(n, 0) for n in (summary.keypoints, summary.matches, summary.inliers)),
        ),
    ]
    if everything:
        counts.insert(0, ("Frames processed", f"{result.frames} of {result.played}"))
        counts.insert(1, ("Frames with a valid geometry", f"{100 * frames.valid_share:.1f} % of {frames.compared}"))
        counts.insert(2, ("Frames with a reference pose", str(result.covered)))
    print_table("Pairs", counts)
    if summary.valid < summary.pairs:
        print_table("Status", status_rows(summary))
    if rows := error_rows(summary, result.trajectory_error, result.rigid_error if everything else None):
        print_table("Against ground truth", rows, ("", "median", "90 %"))
    if everything:
        print_table("Time per frame", stage_rows(result.stages), ("", *QUANTILES))
