"""superpoint-ros evaluate detector|descriptor|homography|pose"""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from superpoint_ros.cli.console import ERRORS, note, print_table, progress, say
from superpoint_ros.cli.options import set_options

if TYPE_CHECKING:
    from superpoint_ros.evaluation.presets import Task
    from superpoint_ros.evaluation.protocols.request import Request
    from superpoint_ros.evaluation.result import Metric, Run
    from superpoint_ros.evaluation.summary import FeatureSummary

Data = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA…", help="HPatches, H1toNp folders, pair lists, TUM, KITTI, EuRoC or 7-Scenes sequences, rosbags"
    ),
]
FeatureNames = Annotated[
    list[str],
    typer.Option(
        "--features",
        metavar="NAME|FILE[,SETTING=…]",
        help="model, weights or HDF5 file of features, and its own settings (small,levels=3); may be given several times",
    ),
]
PresetName = Annotated[str, typer.Option("--preset", metavar="NAME", help="protocol, see `superpoint-ros evaluate presets`")]
Seeds = Annotated[int, typer.Option(min=1, help="runs of the robust estimators, for the spread")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="write results.csv, summary.json, config.yaml and report.html"),
]
Limit = Annotated[int, typer.Option(min=0, help="pairs of each group, evenly chosen; 0 takes all")]
Generate = Annotated[int, typer.Option(min=0, help="instead make this many pairs of each kind from each image of DATA")]
Topic = Annotated[str | None, typer.Option(help="image topic, for a bag with more than one")]
Reference = Annotated[
    str | None, typer.Option(metavar="FILE|TOPIC", help="true poses: a TUM file, or a pose topic of a bag; else those of DATA")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps")]
Backend = Annotated[str, typer.Option(help="what runs the network, see `superpoint-ros extract --help`")]
Cache = Annotated[bool, typer.Option(help="keep extracted features, so that the next run takes seconds")]
Check = Annotated[bool, typer.Option(help="first see whether the images contradict the ground truth")]
AlignCamera = Annotated[
    bool, typer.Option("--align-camera", help="turn the true poses to where SIFT sees the camera: they may be of another frame")
]


def _command(task: Task, without: tuple[str, ...], text: str) -> Callable[..., None]:
    """The verb of a task. without: options that mean nothing to it. text: its help."""

    def verb(
        data: Data,
        features: FeatureNames = ["small"],  # noqa: B006 (typer shows it as the default and never changes it)
        preset: PresetName = "pairs-1000",
        seeds: Seeds = 1,
        output: Output = None,
        limit: Limit = 0,
        generate: Generate = 0,
        topic: Topic = None,
        reference: Reference = None,
        device: Device = "auto",
        backend: Backend = "auto",
        cache: Cache = True,
        check: Check = True,
        align_camera: AlignCamera = False,
    ) -> None:
        from superpoint_ros.evaluation.feature_cache import default_folder
        from superpoint_ros.evaluation.protocols.request import Request

        request = Request(
            task,
            tuple(data),
            tuple(features),
            preset,
            seeds,
            limit,
            generate,
            topic,
            reference,
            device,
            backend,
            default_folder() if cache else None,
            check,
            align_camera,
            command=shlex.join(["superpoint-ros", *sys.argv[1:]]),
        )
        _evaluate(request, output)

    set_options(verb, [p for p in inspect.signature(verb, eval_str=True).parameters.values() if p.name not in without])
    verb.__name__, verb.__doc__ = task, text
    return verb


detector = _command(
    "detector",
    ("seeds", "topic", "reference", "align_camera"),
    """Repeatability and localization error of keypoints, on pairs with a known homography.

    [bold]Examples[/bold]

      superpoint-ros evaluate detector hpatches/ --features small --features harris --features fast -o out
      superpoint-ros evaluate detector photos/ --generate 2
    """,
)
descriptor = _command(
    "descriptor",
    ("seeds", "topic", "reference", "align_camera"),
    """Matching accuracy, NN mAP and matching score of mutual nearest neighbours, on pairs with a known homography.

    [bold]Examples[/bold]

      superpoint-ros evaluate descriptor hpatches/ --features small --features sift --features orb -o out
      superpoint-ros evaluate descriptor graf/ boat/ --features mine.h5 --features small
    """,
)
homography = _command(
    "homography",
    ("topic", "reference", "align_camera"),
    """Share of homographies that are estimated right, and AUC of the corner error, on pairs with a known homography.

    [bold]Examples[/bold]

      superpoint-ros evaluate homography hpatches/ --features small --features sift --preset lightglue --seeds 3 -o out
    """,
)
pose = _command(
    "pose",
    ("generate",),
    """Relative pose AUC, on pairs with intrinsics and a known motion.

    [bold]Examples[/bold]

      superpoint-ros evaluate pose kitti/00 --preset sequence --features small --features sift --limit 100 -o out
      superpoint-ros evaluate pose scannet_test_pairs.txt --preset lightglue --seeds 3
      superpoint-ros evaluate pose my_bag/ --topic /left/image_raw --reference /odometry
      superpoint-ros evaluate pose my_bag/ --reference motion_capture.tum --align-camera
    """,
)


def presets() -> None:
    """The protocols by name, with the settings of each task."""
    from superpoint_ros.evaluation.presets import PRESETS
    from superpoint_ros.evaluation.run_report import settings_line

    for preset in PRESETS.values():
        say(f"[bold]{preset.name}[/]: {escape(preset.description)}")
        for task, protocol in preset.protocols.items():
            say(f"  {task}: {escape(settings_line(protocol.settings(task)))}")


def _evaluate(request: Request, output: Path | None) -> None:
    from superpoint_ros.evaluation.protocols.request import prepare
    from superpoint_ros.evaluation.results_folder import write_run
    from superpoint_ros.evaluation.summary import summarize_run

    with progress() as bar:
        preparing = bar.add_task("open data and features", total=None)
        prepared = prepare(request)
        bar.remove_task(preparing)
        task = bar.add_task(prepared.name, total=prepared.evaluation.count)
        run = prepared.run(lambda row: bar.advance(task))
    summaries = summarize_run(run) if output is None else write_run(run, output, prepared.evaluation.picture)
    print_run(run, summaries, prepared.notes)
    if output is not None:
        say(f"report: {output / 'report.html'}")


def print_run(run: Run, summaries: Sequence[FeatureSummary], notes: Sequence[str]) -> None:
    """A table for all pairs and one for each group, what failed, and every setting of the figures."""
    from superpoint_ros.evaluation.run_report import settings_line
    from superpoint_ros.evaluation.summary import heading, subject, unique

    for group in unique(summary.group for summary in summaries):
        columns = [summary for summary in summaries if summary.group == group]
        rows: list[Sequence[str]] = [
            (escape(heading(metric)), *(_cell(metric, summary) for summary in columns)) for metric in run.metrics
        ]
        failed = [str(summary.failed) for summary in columns]
        if any(summary.failed for summary in columns):
            rows.append(("failed, and counted as such", *failed))
        pairs = columns[0].pairs
        print_table(
            escape(f"{group or run.protocol}, {pairs} {subject(run)}"), rows, ("", *(summary.features for summary in columns))
        )
    for row in [row for row in run.rows if row.failed][:3]:
        ERRORS.print(f"[yellow]failed:[/] {escape(f'{row.features}, {row.pair}: {row.error}')}", highlight=False, soft_wrap=True)
    for one in notes:
        note(one)
    say(escape(settings_line(run.settings)))


def _cell(metric: Metric, summary: FeatureSummary) -> str:
    """The figure, and its standard deviation over the seeds where there are several."""
    from superpoint_ros.evaluation.summary import value_text

    found = summary.figures[metric.name]
    spread = f" ±{value_text(metric, found.spread)}" if found.seeds > 1 else ""
    return f"{value_text(metric, found.value)}{spread}"
