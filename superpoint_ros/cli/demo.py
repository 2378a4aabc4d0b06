"""superpoint-ros demo"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from superpoint_ros.cli.console import ERRORS, print_table, progress, say
from superpoint_ros.cli.options import CameraFile, with_config
from superpoint_ros.config import Config
from superpoint_ros.errors import ConfigError

STEPS = {"waiting": "starting the nodes", "probing": "measuring the speed", "playing": "playing", "done": "done"}


@with_config("extractor", "matcher", "geometry", "keyframes", "odometry")
def demo(
    config: Config,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="where the report goes")] = Path("demo"),
    bag: Annotated[
        Path | None, typer.Option(metavar="FILE", help="play your own rosbag instead of the rendered sequence")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="play a folder of images, or a TUM, KITTI or EuRoC sequence")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="image topic, for a bag with more than one")] = None,
    camera: CameraFile = None,
    frames: Annotated[int | None, typer.Option(min=2, help="play at most this many frames; 150 are rendered without it")] = None,
) -> None:
    """Start the three nodes, play a sequence through them over real DDS, and write demo/report.html.

    Everything stays on this machine's loopback, in a ROS domain of its own. The play rate is what the machine can hold.
    Exit status 1: the result is not sane.

    [bold]Examples[/bold]

      superpoint-ros demo
      superpoint-ros demo --features sift --max-keypoints 500
      superpoint-ros demo --bag recording.mcap --topic /camera/image_raw -o my_demo
      superpoint-ros demo --folder images/ --camera camera.yaml
    """
    from superpoint_ros.demo.outcome import OWN_DATA, Criteria
    from superpoint_ros.demo.run import FRAMES, Sequence, render_sequence, require_ros, run_demo
    from superpoint_ros.evaluation.tables import error_rows
    from superpoint_ros.features.loading import load_extractor
    from superpoint_ros.replay.outputs import make_folder

    if bag is not None and folder is not None:
        raise ConfigError("give --bag or --folder, not both")
    began = time.monotonic()
    require_ros()
    load_extractor(config.extractor, to_match=True)  # what is wrong with the model is better said before anything starts
    make_folder(out)
    own = bag or folder
    if own is None:
        with ERRORS.status(f"rendering {frames or FRAMES} frames"):
            own = render_sequence(out, frames or FRAMES)
    with progress() as bar:
        task = bar.add_task("starting the nodes", total=None)

        def show(event: dict[str, Any]) -> None:
            if "rate" in event:
                bar.console.print(
                    f"{1e3 * event['period']:.0f} ms per frame: playing at {event['frame_rate']:.1f} Hz, "
                    f"{event['rate']:.2f} × real time",
                    highlight=False,
                )
            bar.update(
                task,
                description=STEPS[event["step"]],
                completed=event.get("played", 0),
                total=frames or (FRAMES if not (bag or folder) else None),
            )

        outcome = run_demo(Sequence(own, topic, camera, frames), config, out, OWN_DATA if bag or folder else Criteria(), show)

    rows = [
        (check.name, check.value, check.limit, "[green]ok[/]" if check.passed else "[bold red]not ok[/]")
        for check in outcome.checks
    ]
    print_table(f"{outcome.played} frames through three nodes, with {outcome.model}", rows, ("", "result", "should be", ""))
    if errors := error_rows(outcome.summary, outcome.trajectory_error):
        print_table("Against ground truth", errors, ("", "median", "90 %"))
    print_table("Also", _more(outcome))
    say(f"report: {out / 'report.html'}   ({time.monotonic() - began:.0f} s)")
    if not outcome.passed:
        failed = ", ".join(check.name.lower() for check in outcome.checks if not check.passed)
        ERRORS.print(f"[bold red]error:[/] the result is not sane: {failed}", soft_wrap=True, highlight=False)
        raise typer.Exit(1)


def _more(outcome: Any) -> list[tuple[str, str]]:
    import numpy as np

    from superpoint_ros.evaluation.tables import figure

    summary = outcome.summary
    rows = [
        ("Play rate", f"{outcome.frame_rate:.1f} Hz, {outcome.rate:.2f} × real time"),
        ("Times the clock waited", str(outcome.pauses)),
        ("Keyframe pairs", str(summary.pairs)),
        (
            "Keypoints, matches, inliers (median)",
            " / ".join(figure(n, 0) for n in (summary.keypoints, summary.matches, summary.inliers)),
        ),
    ]
    for topic, latency in outcome.latencies.items():
        rows.append((f"Latency to {topic}, median and 95 %", f"{np.median(latency):.0f} / {np.quantile(latency, 0.95):.0f} ms"))
    return rows
