"""Features times pairs times seeds: every row of an evaluation, failures included."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import ConfigError, DataError, SuperPointRosError
from superpoint_ros.evaluation.feature_source import FeatureSource, crop, resize
from superpoint_ros.evaluation.image_pair import ImageFile, ImagePair
from superpoint_ros.evaluation.presets import Protocol, Task
from superpoint_ros.evaluation.protocols.descriptor import DescriptorMeasure
from superpoint_ros.evaluation.protocols.detector import DetectorMeasure
from superpoint_ros.evaluation.protocols.homography import HomographyMeasure
from superpoint_ros.evaluation.protocols.measure import Measure, ScaledPair
from superpoint_ros.evaluation.protocols.pose import PoseMeasure
from superpoint_ros.evaluation.resize import LoadedImage
from superpoint_ros.evaluation.result import Metric, ResultRow
from superpoint_ros.evaluation.side_by_side import MatchPicture
from superpoint_ros.matching.mutual_nearest import empty_matches, match
from superpoint_ros.types import Features, Matches

_MEASURES: Mapping[Task, Callable[[Protocol], Measure]] = {
    "detector": DetectorMeasure,
    "descriptor": DescriptorMeasure,
    "homography": HomographyMeasure,
    "pose": PoseMeasure,
}
_LOADED = 8
"""Newest images that are kept decoded: the first image of a scene belongs to several pairs."""

Sources = Mapping[int, FeatureSource]
"""One kind of features by radius of its non-maximum suppression."""


def make_measure(task: Task, protocol: Protocol) -> Measure:
    """What is computed of a pair."""
    return _MEASURES[task](protocol)


@dataclass(frozen=True)
class Evaluation:
    """One task on one data set.

    seeds: of the robust estimators; what involves none is computed once. excluded: by the name of a pair, why it counts nowhere.

    Raises ConfigError where a pair lacks the truth that the task needs, or two kinds of features have one name.
    """

    task: Task
    protocol: Protocol
    pairs: Sequence[ImagePair]
    sources: Sequence[Sources]
    seeds: tuple[int, ...] = (0,)
    excluded: Mapping[str, str] = field(default_factory=dict)
    _images: OrderedDict[str, LoadedImage] = field(default_factory=OrderedDict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [self._name(sources) for sources in self.sources]
        if len(set(names)) < len(names):
            raise ConfigError(f"two kinds of features are called {next(n for n in names if names.count(n) > 1)}: name each once")
        for pair in self.pairs:
            if problem := _missing_truth(pair, self.measure.truth):
                raise ConfigError(f"{self.task} cannot be evaluated on {pair.name}: {problem}")

    @property
    def measure(self) -> Measure:
        """What is computed."""
        return make_measure(self.task, self.protocol)

    def metrics(self) -> tuple[Metric, ...]:
        """In the order of the tables."""
        return tuple(
            replace(
                metric,
                name=metric.name + suffix,
                label=metric.label + (f" NMS {radius}" if suffix else ""),
                column=(metric.column or metric.name) + suffix,
            )
            for metric in self.measure.metrics()
            for radius, suffix in self._radii()
        )

    def rows(self) -> Iterator[ResultRow]:
        """Pair by pair. A pair that fails or is excluded is a row with an error.

        Raises ConfigError for features without descriptors where the task compares those.
        """
        for pair in self.pairs:
            for sources in self.sources:
                reason, features = self.excluded.get(pair.name, ""), self._name(sources)
                results = [(reason, {}) for _ in self._seeds] if reason else self._evaluate(pair, sources)
                for seed, (error, figures) in zip(self._seeds, results, strict=True):
                    yield ResultRow(features, pair.name, pair.group, seed, error, figures, pair.scene, bool(reason))

    @property
    def count(self) -> int:
        """How many rows there will be."""
        return len(self.pairs) * len(self.sources) * len(self._seeds)

    def picture(self, row: ResultRow) -> MatchPicture:
        """The pair of a row with what belongs together in it. Raises DataError where it has nothing to show."""
        pair = next(pair for pair in self.pairs if pair.name == row.pair)
        sources = next(sources for sources in self.sources if self._name(sources) == row.features)
        scaled, first, second, matches = self._features(pair, next(iter(sources.values())))
        marked = self.measure.mark(scaled, first, second, matches)
        first_image, second_image = (self._resized(image) for image in (pair.first, pair.second))
        caption = f"{int(marked.right.sum())} of {len(marked.right)} are right."
        return MatchPicture(first_image, second_image, marked.first, marked.second, marked.right, caption)

    @property
    def _seeds(self) -> tuple[int, ...]:
        return self.seeds if self.measure.is_seeded else self.seeds[:1]

    def _evaluate(self, pair: ImagePair, sources: Sources) -> list[tuple[str, dict[str, float]]]:
        """An error or the figures for each seed."""
        figures: list[dict[str, float]] = [{} for _ in self._seeds]
        try:
            for radius, suffix in self._radii():
                found = self._features(pair, sources[radius])
                for seed, row in zip(self._seeds, figures, strict=True):
                    row.update({name + suffix: value for name, value in self.measure.figures(*found, seed).items()})
        except ConfigError:
            raise
        except SuperPointRosError as error:
            return [(" ".join(str(error).split()), {}) for _ in self._seeds]
        return [("", row) for row in figures]

    def _features(self, pair: ImagePair, source: FeatureSource) -> tuple[ScaledPair, Features, Features, Matches]:
        """The truth, the features and their matches, all in pixels of the resized images."""
        first, second = (self._load(image) for image in (pair.first, pair.second))
        a, b = (self._extract(image, source) for image in (first, second))
        matches = match(a, b) if self.measure.needs_descriptors else empty_matches()
        return ScaledPair.of(pair, first.full, second.full, self.protocol.resize), a, b, matches

    def _extract(self, image: LoadedImage, source: FeatureSource) -> Features:
        features = source.features(image, self.protocol.resize.size(image.full), self.protocol.resize.box(image.full))
        if self.measure.needs_descriptors and features.descriptors.shape[1] == 0:
            raise ConfigError(f"{source.name} has no descriptors; it can only be evaluated as a detector")
        if len(features) == 0:
            raise DataError(f"{source.name} found no keypoints in {image.name}")
        return features

    def _load(self, image: ImageFile) -> LoadedImage:
        if image.name not in self._images:
            self._images[image.name] = LoadedImage(image)
            if len(self._images) > _LOADED:
                self._images.popitem(last=False)
        return self._images[image.name]

    def _resized(self, image: ImageFile) -> NDArray[np.uint8]:
        loaded = self._load(image)
        part = crop(loaded.read(), self.protocol.resize.box(loaded.full))
        return resize(part, self.protocol.resize.size(loaded.full))

    def _radii(self) -> Iterator[tuple[int, str]]:
        """Each radius of suppression, and what the names of its figures end with."""
        for radius in self.protocol.nms_radii:
            yield radius, f"_nms{radius}" if len(self.protocol.nms_radii) > 1 else ""

    def _name(self, sources: Sources) -> str:
        return next(iter(sources.values())).name


def _missing_truth(pair: ImagePair, truth: str) -> str:
    if truth == "homography":
        return "" if pair.homography is not None else "its homography is not known, only poses can be evaluated"
    if pair.T_second_first is None:
        return "its relative pose is not known"
    return "" if pair.first_camera and pair.second_camera else "its intrinsics are not known"
