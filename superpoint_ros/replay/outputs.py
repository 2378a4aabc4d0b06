"""The files that a replay leaves behind: trajectory.tum, features.h5, config.yaml, metrics.json, report.html."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from superpoint_ros.config import Config
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation import plots
from superpoint_ros.evaluation.frames import QUANTILES, counts, stage_figures, stage_rows
from superpoint_ros.evaluation.report import Fact, Picture, Plot, Report, Table
from superpoint_ros.evaluation.side_by_side import draw_side_by_side
from superpoint_ros.evaluation.tables import error_rows, figure, status_rows
from superpoint_ros.replay.result import ReplayResult

FEATURES = "features.h5"


def make_folder(out: Path) -> None:
    """Make the output folder; other files in it stay. Raises DataError where that is not possible."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {out}: {error.strerror}") from error


def write_outputs(result: ReplayResult, config: Config | None, out: Path) -> None:
    """Write everything but the features, which were written frame by frame. config: None where others ran the pipeline."""
    result.trajectory.write_tum(out / "trajectory.tum")
    settings = settings_yaml(config) if config is not None else ""
    if settings:
        (out / "config.yaml").write_text(settings, encoding="utf-8")
    (out / "metrics.json").write_text(json.dumps(_finite(metrics(result)), indent=2) + "\n", encoding="utf-8")
    make_report(result, settings).write(out / "report.html")


def settings_yaml(config: Config) -> str:
    """All settings in the order of the config; ``--config`` reads it back."""
    return yaml.safe_dump(config.model_dump(), sort_keys=False)


def metrics(result: ReplayResult) -> dict[str, Any]:
    """All figures by name. Two runs differ in nothing but ``timing_ms``."""
    return {
        "source": result.source,
        "model": result.model,
        "frames": result.frames,
        "frames_played": result.played,
        "frames_with_ground_truth": result.covered,
        "geometry": result.frame_summary.figures(),
        "pairs": result.summary.figures(),
        "trajectory": result.trajectory_error.figures() if result.trajectory_error else None,
        "trajectory_se3": result.rigid_error.figures() if result.rigid_error else None,
        "warnings": list(result.warnings),
        "timing_ms": stage_figures(result.stages),
    }


def make_report(result: ReplayResult, settings: str) -> Report:
    """The page about one replay."""
    return Report(
        title=f"Replay of {result.source}",
        subtitle=f"{result.frames} frames with {result.model}, {result.summary.pairs} pairs of keyframes",
        verdict="; ".join(result.warnings),
        facts=list(_facts(result)),
        plots=list(_plots(result)),
        tables=list(_tables(result)),
        pictures=[Picture(draw_side_by_side(picture), picture.caption) for picture in result.pictures],
        settings=settings,
    )


def _facts(result: ReplayResult) -> Iterator[Fact]:
    summary = result.summary
    yield Fact("Pairs with a valid geometry", f"{summary.valid} of {summary.pairs}", good=summary.valid == summary.pairs)
    frames = result.frame_summary
    yield Fact("Frames with a valid geometry", f"{100 * frames.valid_share:.1f} %", f"of {frames.compared} that were compared")
    if result.played > result.frames:
        yield Fact("Frames dropped", f"{result.played - result.frames} of {result.played}", good=False)
    yield Fact("Inliers per pair", figure(summary.inliers, 0), f"median, of {figure(summary.matches, 0)} matches")
    if summary.rotation:
        yield Fact("Rotation error", f"{figure(summary.rotation[0])}°", "median per pair")
    if summary.direction:
        yield Fact("Direction error", f"{figure(summary.direction[0])}°", "median per pair, of the translation")
    if result.trajectory_error:
        error = result.trajectory_error
        yield Fact(
            "Trajectory error", f"{figure(error.ape_percent)} %", f"{figure(error.ape_rmse)} m RMSE on {error.path_length:.1f} m"
        )
    for stage, times in stage_figures(result.processing).items():
        yield Fact(f"Time, {stage}", f"{times['median']:.0f} ms", f"median; 90 % below {times['p90']:.0f} ms")


def _plots(result: ReplayResult) -> Iterator[Plot]:
    error, pairs = result.trajectory_error, result.pairs
    if error is not None:
        note = "Aligned by a similarity transform: one camera does not see scale, so every step was given the same length."
        yield Plot("Trajectory", plots.trajectory(error.estimated, error.truth), note)
    elif len(result.trajectory) > 1:
        positions = np.array([pose.translation for pose in result.trajectory.poses])
        yield Plot(
            "Trajectory",
            plots.trajectory(positions, None, "steps"),
            "Every step has the same length: one camera does not see scale.",
        )
    time = [pair.stamp - pairs[0].reference_stamp for pair in pairs]
    if result.summary.rotation:
        errors = {
            "rotation": [p.error.rotation if p.error else np.nan for p in pairs],
            "direction": [p.error.direction if p.error else np.nan for p in pairs],
        }
        yield Plot("Errors per pair", plots.errors_over_time(time, errors))
    if pairs:
        frame_time = [record.stamp - result.records[0].stamp for record in result.records]
        note = "Every frame against the image that it was compared with."
        yield Plot("Keypoints, matches, inliers", plots.counts_over_time(frame_time, counts(result.records)), note)
    if result.processing:
        yield Plot("Time per frame", plots.histograms(result.processing))


def _tables(result: ReplayResult) -> Iterator[Table]:
    rows = error_rows(result.summary, result.trajectory_error, result.rigid_error)
    if rows:
        note = "SE(3) keeps the scale of the estimate: of a single camera that is a guess, unless odometry.step_length is set."
        yield Table("Errors against ground truth", ("", "median", "90 %"), rows, note if result.rigid_error else "")
    yield Table("Status of the pairs", ("", "pairs"), status_rows(result.summary))
    yield Table("Time per frame", ("", *QUANTILES), stage_rows(result.stages))


def _finite(value: Any) -> Any:
    """NaN becomes null, because JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
