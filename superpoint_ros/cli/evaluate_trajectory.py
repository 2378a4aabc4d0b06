"""superpoint-ros evaluate trajectory"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import progress, say
from superpoint_ros.cli.evaluate_pairs import FeatureNames, Output, Topic, print_run
from superpoint_ros.cli.options import with_config
from superpoint_ros.config import Config


@with_config("keyframes", "odometry", policy="every_frame")
def trajectory(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA…", help="TUM, KITTI, EuRoC or 7-Scenes sequences with ground truth, rosbags")
    ],
    config: Config,
    features: FeatureNames = ["small"],  # noqa: B006
    output: Output = None,
    topic: Topic = None,
) -> None:
    """APE and RPE of the odometry, aligned by Sim(3) and by SE(3).

    One camera does not know how far it moved: read the SE(3) figure only where --step-length is known.

    [bold]Examples[/bold]

      superpoint-ros evaluate trajectory kitti/00 kitti/05 --features small --features sift -o out
    """
    from superpoint_ros.evaluation.results_folder import write_run
    from superpoint_ros.evaluation.summary import summarize_run
    from superpoint_ros.io.sources import open_source
    from superpoint_ros.replay.trajectories import evaluate_trajectories

    sources = [open_source(path, topic) for path in data]
    with progress() as bar:
        task = bar.add_task("frames", total=sum(map(len, sources)) * len(features))
        command = shlex.join(["superpoint-ros", *sys.argv[1:]])
        run = evaluate_trajectories(sources, features, config, command, lambda: bar.advance(task))
    print_run(run, summarize_run(run) if output is None else write_run(run, output), ())
    if output is not None:
        say(f"report: {output / 'report.html'}")
