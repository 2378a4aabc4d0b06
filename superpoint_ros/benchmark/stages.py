"""How the time of an extraction and of the front end divides."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from superpoint_ros.benchmark.images import camera, stamp
from superpoint_ros.benchmark.timing import WARM_UP, Timing, profile_rounds
from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.features.backends import load_backend
from superpoint_ros.features.descriptor import sample_descriptors
from superpoint_ros.features.detector import refine_keypoints, select_keypoints
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.image import pad_to_cells, working_image
from superpoint_ros.matching.front_end import PairMatcher
from superpoint_ros.matching.links import link_the_rest
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.matching.tracks import Tracker
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.types import Features, Image

STAGES_OF = "stages, "
"""Group of the stages on a backend, whose name follows."""
NETWORK, WHOLE = "network", "whole extraction"
Stages = dict[str, list[Callable[..., Any]]]
_EXTRACTION: Stages = {
    "preprocess": [working_image, pad_to_cells],
    "select": [select_keypoints],
    "refine": [refine_keypoints],
    "sample": [sample_descriptors],
}
BESIDE = tuple(_EXTRACTION)
"""The stages beside the network."""
_FRONT_END: Stages = {
    "match": [match],
    "geometry": [estimate_two_view],
    "links": [link_the_rest],
    "tracks": [Tracker.linked, Tracker.update],
    "whole front end": [PairMatcher.update],
}


def extraction_stages(model: str, backend_name: str, keypoints: int, image: Image, rounds: int) -> dict[str, Timing]:
    """Of SuperPoint: those BESIDE the network, the NETWORK up to its heat map, and the WHOLE."""
    config = parse_section(ExtractorConfig, {"model": model, "backend": backend_name, "max_keypoints": keypoints})
    backend = load_backend(config)
    superpoint = SuperPoint(backend, config)
    stages: Stages = {**_EXTRACTION, NETWORK: [type(backend).run], WHOLE: [SuperPoint.extract]}
    return profile_rounds([lambda: superpoint.extract(image)] * (WARM_UP + rounds), _codes(stages))


def front_end_stages(features: Sequence[Features]) -> dict[str, Timing]:
    """Of matching consecutive images, whose features are given (at least five): match, geometry, links, tracks, and all of it.

    ``match`` counts wherever it is called, also in ``links``.
    """
    matcher, intrinsics = PairMatcher(), camera(features[0].image_size)
    tasks = [lambda index=index, one=one: matcher.update(one, stamp(index), intrinsics) for index, one in enumerate(features)]
    return profile_rounds(tasks, _codes(_FRONT_END))


def _codes(stages: Stages) -> dict[CodeType, str]:
    return {_code(function): name for name, functions in stages.items() for function in functions}


def _code(function: Callable[..., Any]) -> CodeType:
    code = inspect.unwrap(function).__code__
    assert isinstance(code, CodeType)
    return code
