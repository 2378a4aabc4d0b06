"""From the names that a user gives to an evaluation that can run, with every setting of it on record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.errors import ConfigError, DataError
from superpoint_ros.evaluation.data.camera_turn import camera_turns, turned, with_warnings
from superpoint_ros.evaluation.data.opening import open_pairs
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sift_matches import CHECKED, SiftMatcher
from superpoint_ros.evaluation.data.truth import TruthCheck, Verdict, check_pairs
from superpoint_ros.evaluation.feature_cache import FeatureCache
from superpoint_ros.evaluation.feature_source import FeatureSource, open_features
from superpoint_ros.evaluation.presets import DEFAULT, Task, find_preset
from superpoint_ros.evaluation.protocols.runner import Evaluation, make_measure
from superpoint_ros.evaluation.provenance import provenance
from superpoint_ros.evaluation.result import ResultRow, Run
from superpoint_ros.features.loading import ignored_settings

_SETTING = re.compile(r",(?P<name>[a-z_]+)=(?P<value>[^,=/]*)$")


@dataclass(frozen=True)
class Request:
    """What shall be evaluated.

    data: what ``open_pairs`` opens; generate: make this many pairs of each kind from each image instead. limit: pairs per group,
    0 takes all. topic, reference: as there. features: models, weights or HDF5 files, after which settings of the extractor may
    follow that the protocol leaves open, as in ``small,levels=3``. seeds: how many. cache: where extracted
    features are kept, None keeps them nowhere. check: whether images may contradict their ground truth. align_camera:
    turn the true poses to where SIFT sees the camera, where that is sure (task ``pose``). command: for the record.
    """

    task: Task
    data: tuple[Path, ...]
    features: tuple[str, ...]
    preset: str = DEFAULT
    seeds: int = 1
    limit: int = 0
    generate: int = 0
    topic: str | None = None
    reference: str | None = None
    device: str = "auto"
    backend: str = "auto"
    cache: Path | None = None
    check: bool = True
    align_camera: bool = False
    command: str = ""


@dataclass(frozen=True)
class Prepared:
    """An evaluation that can run. notes: sentences that a reader of its figures must know."""

    evaluation: Evaluation
    name: str
    settings: dict[str, Any]
    notes: tuple[str, ...]

    def run(self, on_row: Callable[[ResultRow], None] = lambda row: None) -> Run:
        """Every row. Raises DataError where all of them failed."""
        rows = []
        for row in self.evaluation.rows():
            rows.append(row)
            on_row(row)
        if all(row.error for row in rows):
            first = next((row for row in rows if row.failed), rows[0])
            raise DataError(f"all {len(rows)} evaluations failed, the first one: {first.error}")
        return Run(self.name, self.settings, tuple(rows), self.evaluation.metrics())


def prepare(request: Request) -> Prepared:
    """Opens data and features, and checks that they fit the preset.

    Raises ConfigError for an unknown preset, or one that does not know the task or fit the data, for settings of features that
    are wrong or not theirs to choose, and for features without descriptors where those are compared; DataError and WeightsError
    for what cannot be opened, and for ground truth that contradicts the images.
    """
    preset = find_preset(request.preset)
    protocol = preset.protocol(request.task)
    cache = FeatureCache(request.cache)
    sift = SiftMatcher(cache)
    sets = [_open(path, preset.gaps, request, sift) for path in request.data]
    pairs = sets[0] if len(sets) == 1 else _together(sets)
    common = {
        "device": request.device,
        "backend": request.backend,
        "max_keypoints": protocol.max_keypoints,
        "threshold": protocol.threshold,
    }
    to_match = make_measure(request.task, protocol).needs_descriptors

    def open_source(feature: str, radius: int) -> FeatureSource:
        model, own = _settings(feature)
        fixed = {**common, "model": model, "nms_radius": radius}
        if taken := sorted(own.keys() & fixed):
            raise ConfigError(f"{', '.join(taken)} of {feature!r} cannot be chosen here: it is the same for all features")
        config = parse_section(ExtractorConfig, {**fixed, **own})
        if ignored := ignored_settings(model, own):
            raise ConfigError(f"{', '.join(ignored)} of {feature!r} would change nothing: leave it out for {model}")
        return open_features(config, cache, to_match=to_match, variant=feature.removeprefix(model))

    sources = [{radius: open_source(feature, radius) for radius in protocol.nms_radii} for feature in request.features]
    evaluation = Evaluation(request.task, protocol, pairs, sources, tuple(range(request.seeds)))
    if request.check:
        evaluation = replace(evaluation, excluded=_contradicted(check_pairs(pairs, sift)))
    notes = (*pairs.notes, *(f"{pair} counts nowhere: {why}" for pair, why in evaluation.excluded.items()))
    settings = {
        "preset": request.preset,
        "data": pairs.name,
        **protocol.settings(request.task),
        **({"align_camera": True} if request.align_camera else {}),
        **({"seeds": evaluation.seeds} if evaluation.measure.is_seeded else {}),
        "features": {next(iter(s.values())).name: dict(next(iter(s.values())).settings) for s in sources},
        "notes": notes,
        **provenance(request.command),
    }
    return Prepared(evaluation, f"{request.preset} {request.task}", settings, notes)


def _settings(feature: str) -> tuple[str, dict[str, str]]:
    """``small,levels=3`` → the model and its settings."""
    own: dict[str, str] = {}
    while setting := _SETTING.search(feature):
        own = {setting["name"]: setting["value"], **own}
        feature = feature[: setting.start()]
    return feature, own


def _open(path: Path, gaps: Sequence[int], request: Request, sift: SiftMatcher) -> PairSet:
    """One data set. Poses are turned to its camera, or notes say by how much that is turned."""
    pairs = open_pairs(
        path, gaps=gaps, generate=request.generate, topic=request.topic, reference=request.reference, limit=request.limit
    )
    if request.task != "pose" or not (request.check or request.align_camera):
        return pairs
    if not request.align_camera:
        return with_warnings(pairs, camera_turns(pairs.at_most(CHECKED), sift))
    turns = camera_turns(pairs, sift)
    if not turns:
        raise ConfigError(f"the camera of {pairs.name} cannot be aligned: no scene of it has ten pairs whose motion SIFT sees")
    return turned(pairs, turns)


def _together(sets: Sequence[PairSet]) -> PairSet:
    layouts = dict.fromkeys(one.layout for one in sets)
    notes = tuple(dict.fromkeys(chain.from_iterable(one.notes for one in sets)))
    return PairSet(" + ".join(one.name for one in sets), ", ".join(layouts), tuple(chain.from_iterable(sets)), notes)


def _contradicted(checks: dict[str, TruthCheck]) -> dict[str, str]:
    """The pairs whose ground truth cannot be true, and why."""
    return {name: check.reason for name, check in checks.items() if check.verdict is Verdict.CONTRADICTS}
