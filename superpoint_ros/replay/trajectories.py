"""Trajectories of several kinds of features over several sequences, as one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from superpoint_ros.config import Config, parse_section
from superpoint_ros.errors import DataError, SuperPointRosError
from superpoint_ros.evaluation.provenance import provenance
from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.io.frame import Source
from superpoint_ros.replay.result import ReplayResult
from superpoint_ros.replay.runner import replay

_INF = float("inf")
METRICS = (
    Metric("ape_percent", "APE, Sim(3)", "% of the path", False, "mean", _INF),
    Metric("ape_sim3", "APE, Sim(3)", "m", False, "mean", _INF),
    Metric("ape_se3", "APE, SE(3)", "m", False, "mean", _INF),
    Metric("rpe_rotation", "RPE, rotation", "°", False, "mean", _INF),
    Metric("rpe_translation", "RPE, translation", "m", False, "mean", _INF),
    Metric("valid", "valid geometries", "", True, "mean", 0.0),
)
"""All of them root mean squares of evo's errors, but the share of pairs with a pose."""


def evaluate_trajectories(
    sources: Sequence[Source], features: Sequence[str], config: Config, command: str, on_frame: Callable[[], None]
) -> Run:
    """Replay every sequence with every kind of features and compare the trajectory with the ground truth.

    config: of everything but the model. The groups are the sequences. A sequence that gives no trajectory is a row with an error.
    Raises DataError for a sequence without ground truth or intrinsics, and where all rows failed; WeightsError, DeviceError.
    """
    for source in sources:
        if source.ground_truth is None or source.camera is None:
            lacks = "ground truth" if source.ground_truth is None else "intrinsics"
            raise DataError(f"{source.name} has no {lacks}: a trajectory cannot be evaluated on it")
    chosen = [_with_model(config, model) for model in features]
    names = [load_extractor(one.extractor, to_match=True).model for one in chosen]
    rows = [_row(source, name, one, on_frame) for source in sources for name, one in zip(names, chosen, strict=True)]
    if all(row.error for row in rows):
        raise DataError(f"all {len(rows)} replays failed, the first one: {rows[0].error}")
    settings = {
        "data": " + ".join(source.name for source in sources),
        "resolution": "full",
        **{name: getattr(config.extractor, name) for name in ("max_keypoints", "nms_radius", "threshold")},
        **{name: getattr(config.geometry, name) for name in ("estimator", "max_error", "seed")},
        **config.keyframes.model_dump(),
        **config.odometry.model_dump(),
        **provenance(command),
    }
    return Run("trajectory", settings, tuple(rows), METRICS)


def _with_model(config: Config, model: str) -> Config:
    extractor = parse_section(type(config.extractor), {**config.extractor.model_dump(), "model": model})
    return config.model_copy(update={"extractor": extractor})


def _row(source: Source, features: str, config: Config, on_frame: Callable[[], None]) -> ResultRow:
    try:
        result = replay(source, config, on_frame=lambda done: on_frame())
        error, figures = "", _figures(result)
    except SuperPointRosError as failure:
        error, figures = " ".join(str(failure).split()), {}
    return ResultRow(features, source.name, source.name, 0, error, figures)


def _figures(result: ReplayResult) -> dict[str, float]:
    similar, rigid = result.trajectory_error, result.rigid_error
    if similar is None or rigid is None:
        raise DataError(f"no trajectory to compare: {' '.join(result.warnings) or 'too few poses'}")
    return {
        "ape_percent": similar.ape_percent,
        "ape_sim3": similar.ape_rmse,
        "ape_se3": rigid.ape_rmse,
        "rpe_rotation": similar.rpe_rotation,
        "rpe_translation": similar.rpe_translation,
        "scale": similar.scale,
        "poses": float(similar.poses),
        "valid": result.summary.valid_share,
    }
