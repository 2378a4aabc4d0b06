"""The recipe of the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from superpoint_ros.benchmark.alone import measure_alone
from superpoint_ros.benchmark.contenders import OTHERS, Contender, installed_backends, installed_contenders, installed_networks
from superpoint_ros.benchmark.images import rendered
from superpoint_ros.benchmark.machine import describe_machine, usable_cores
from superpoint_ros.benchmark.nearest import measure_nearest
from superpoint_ros.benchmark.nodes import measure_nodes
from superpoint_ros.benchmark.result import BenchmarkResult, Measurement
from superpoint_ros.benchmark.stages import STAGES_OF, extraction_stages, front_end_stages
from superpoint_ros.benchmark.timing import take_turns
from superpoint_ros.features.image import to_grey

SIZE, KEYPOINTS = (640, 480), 1000
"""What everything else is compared at."""
MODEL = "small"
FULL = "full"
_LOW_THRESHOLD = 0.0002
_LEVELS = 3
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    sizes: (width, height). at: the size of everything that is measured at one size. rounds: samples of each figure.
    frames: for the front end and the nodes. full: the full network, too. alone: models and others that are measured in a
    process of their own. nodes: whether nodes are started.
    """

    sizes: tuple[tuple[int, int], ...] = ((320, 240), (640, 480), (960, 540), (1280, 720))
    keypoints: tuple[int, ...] = (250, 500, 1000, 2000, 4000)
    at: tuple[int, int] = SIZE
    rounds: int = 30
    frames: int = 60
    full: bool = True
    alone: tuple[str, ...] = (MODEL, *OTHERS)
    nodes: bool = False

    @staticmethod
    def quick(nodes: bool = False) -> Plan:
        """A first look, in well under a minute."""
        return Plan(sizes=((320, 240), SIZE), keypoints=(500, KEYPOINTS), rounds=8, frames=12, full=False, nodes=nodes)


def run_benchmark(plan: Plan, on_progress: Progress = lambda text: None) -> BenchmarkResult:
    """Measure everything. Raises MissingDependencyError where no backend is installed, ProcessError where a node died."""
    machine = describe_machine()
    measurements: list[Measurement] = []
    for step in (_sizes, _keypoints, _stages, _full, _networks, _nearest, _front_end, _alone, _nodes):
        for text, found in step(plan):
            on_progress(text)
            measurements += found
    return BenchmarkResult(machine, tuple(measurements))


Step = Iterator[tuple[str, list[Measurement]]]


def _sizes(plan: Plan) -> Step:
    """All contenders in turns, for each size of the image, and our model once more as it looks at a pyramid."""
    for size in plan.sizes:
        contenders = [*installed_contenders(MODEL), Contender(MODEL, installed_backends()[0], levels=_LEVELS)]
        extractors = {one.name: one.load(KEYPOINTS) for one in contenders}
        image = rendered(size)[0]
        timings = take_turns({name: partial(one.extract, image) for name, one in extractors.items()}, plan.rounds)
        yield (
            f"extraction at {size[0]}x{size[1]}",
            [
                Measurement("size", name, timings[name], *size, KEYPOINTS, found=len(extractor.extract(image)))
                for name, extractor in extractors.items()
            ],
        )


def _keypoints(plan: Plan) -> Step:
    """Cost against the number of keypoints, at a threshold that lets the network find so many."""
    image = rendered(plan.at)[0]
    contenders = [Contender(MODEL, installed_backends()[0]), *(one for one in installed_contenders(MODEL) if not one.backend)]
    for keypoints in plan.keypoints:
        extractors = {one.name: one.load(keypoints, threshold=_LOW_THRESHOLD) for one in contenders}
        timings = take_turns({name: partial(one.extract, image) for name, one in extractors.items()}, plan.rounds)
        yield (
            f"extraction of {keypoints} keypoints",
            [
                Measurement("keypoints", name, timings[name], *plan.at, keypoints, found=len(extractor.extract(image)))
                for name, extractor in extractors.items()
            ],
        )


def _stages(plan: Plan) -> Step:
    """What the parts of an extraction cost, on each backend and for each size."""
    for backend in installed_backends():
        for size in plan.sizes:
            timings = extraction_stages(MODEL, backend, KEYPOINTS, rendered(size)[0], plan.rounds)
            yield (
                f"stages on {backend} at {size[0]}x{size[1]}",
                [Measurement(STAGES_OF + backend, name, timing, *size, KEYPOINTS) for name, timing in timings.items()],
            )


def _networks(plan: Plan) -> Step:
    """The dense network alone, wherever it runs."""
    height, width = plan.at[1], plan.at[0]
    batch = np.ascontiguousarray(to_grey(rendered(plan.at)[0])[None])
    models = [MODEL, FULL] if plan.full else [MODEL]
    backends = {one.name: one.network() for model in models for one in installed_networks(model)}
    timings = take_turns({name: partial(backend.run, batch) for name, backend in backends.items()}, plan.rounds)
    yield ("networks", [Measurement("network", name, timing, width, height) for name, timing in timings.items()])


def _full(plan: Plan) -> Step:
    """Whole extractions with the full network."""
    if plan.full:
        image = rendered(plan.at)[0]
        extractors = {one.name: one.load(KEYPOINTS) for one in installed_networks(FULL)}
        timings = take_turns({name: partial(one.extract, image) for name, one in extractors.items()}, plan.rounds)
        yield (
            f"extraction with the {FULL} network",
            [
                Measurement(FULL, name, timings[name], *plan.at, KEYPOINTS, found=len(extractor.extract(image)))
                for name, extractor in extractors.items()
            ],
        )


def _nearest(plan: Plan) -> Step:
    for count in plan.keypoints:
        for size in (128, 256):
            yield f"nearest neighbours, {count} of {size}", measure_nearest(count, size, plan.rounds)


def _front_end(plan: Plan) -> Step:
    """Matching, geometry and tracks of consecutive images."""
    extractor = Contender(MODEL, installed_backends()[0]).load(KEYPOINTS)
    features = [extractor.extract(image) for image in rendered(plan.at, plan.frames)]
    timings = front_end_stages(features)
    yield "front end", [Measurement("front end", name, timing, *plan.at, KEYPOINTS) for name, timing in timings.items()]


def _alone(plan: Plan) -> Step:
    """One thread and all of them, and memory; each in a process of its own."""
    image = rendered(plan.at)[0]
    for threads in sorted({1, usable_cores()}):
        for contender in installed_contenders(MODEL):
            if contender.model not in plan.alone:
                continue
            yield (
                f"{contender.name} with {threads} threads",
                [measure_alone(contender, KEYPOINTS, image, threads, plan.rounds)],
            )


def _nodes(plan: Plan) -> Step:
    if plan.nodes:
        yield "nodes", measure_nodes(MODEL, plan.at, KEYPOINTS, plan.frames)
