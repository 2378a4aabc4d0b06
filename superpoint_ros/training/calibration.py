"""Scores on the scale of another network, so that the same threshold keeps as many keypoints.

A label that some views lack counts for less than one, so scores fall while a network trains, and a threshold does not follow.
A cell weighs its keypoints against "no keypoint" (paper, section 3.2): a constant added to that changes all weak scores alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DataError
from superpoint_ros.features.backends.torch_backend import TorchBackend
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import Weights, load_weights
from superpoint_ros.training.run_folder import code_version, write_weights
from superpoint_ros.types import FloatArray

_NOISE = 1e-4
"""Lowest score that is looked at, far below what the nodes keep: enough for scores that fell a hundredfold."""
_ALL = 20000
_PASSES = 2
"""The first is a few percent off: beside a sure keypoint, the odds of a weak one in the same cell change less."""


@dataclass(frozen=True)
class Calibration:
    """Keypoints per image above the threshold: wanted (those of the other network), before and after.

    factor: what weak scores were multiplied by.
    """

    wanted: float
    before: float
    after: float
    factor: float


Images = Sequence[NDArray[np.uint8]]
Track = Callable[[Images], Iterable[NDArray[np.uint8]]]
"""Hands on images one by one and shows how many are left."""


def write_calibrated(path: Path, model: str, like: str, images: Images, threshold: float, track: Track = iter) -> Calibration:
    """Write the weights of a model with as many scores above the threshold, over all (H, W) images, as another model has.

    Name, licence and data stay those of the weights. Order and places of keypoints hardly change. track: called for each of four
    passes over the images.
    Raises WeightsError, and DataError where the other model sees no keypoint or the disk does not let it.
    """
    weights, other = (load_weights(weights_path(one)) for one in (model, like))
    reference, scores = _scores(other, track(images)), _scores(weights, track(images))
    wanted, before = _above(reference, threshold), _above(scores, threshold)
    if not wanted:
        raise DataError(f"{like} finds no keypoint above {threshold} on these images: name others")
    if wanted > len(scores):
        raise DataError(f"{model} finds {len(scores)} keypoints on these images, {like} {wanted}: it is not trained")
    calibrated, factor = weights, 1.0
    for _ in range(_PASSES):
        step = threshold / float(scores[wanted - 1])
        calibrated, factor = _with_odds(calibrated, step), factor * step
        scores = _scores(calibrated, track(images))
    network = SuperPointNet(weights.architecture)
    network.load_state_dict(dict(calibrated.tensors))
    training = f"{weights.metadata.get('training', 'not stated')}; scores {factor:.2f} times as high, as those of {other.model}"
    write_weights(path, network, weights.name, **{**weights.metadata, "training": training, "code": code_version()})
    count = len(images)
    return Calibration(wanted / count, before / count, _above(scores, threshold) / count, factor)


def _scores(weights: Weights, images: Iterable[NDArray[np.uint8]]) -> FloatArray:
    """Of all keypoints of all images, the highest first."""
    config = ExtractorConfig(threshold=_NOISE, max_keypoints=_ALL)
    extractor = SuperPoint(TorchBackend(weights, precision="float32"), config)
    return np.sort(np.concatenate([extractor.extract(image).scores for image in images]))[::-1]


def _above(scores: FloatArray, threshold: float) -> int:
    return int((scores > threshold).sum())


def _with_odds(weights: Weights, factor: float) -> Weights:
    """The network with so many times the odds of a keypoint against "no keypoint" in each cell."""
    bias = weights.tensors["convPb.bias"].clone()
    bias[-1] -= float(np.log(factor))
    return replace(weights, tensors={**weights.tensors, "convPb.bias": bias})
