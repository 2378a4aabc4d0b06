"""Scores on the scale of another network, so that the same threshold keeps as many keypoints.

A label that some views lack counts for less than one, so scores fall while a network trains, and a threshold does not follow.
A cell weighs its keypoints against "no keypoint" (paper, section 3.2): a constant added to that changes all weak scores alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import SuperPointNet
from superpoint_ros.features.weights import load_weights
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


def write_calibrated(path: Path, model: str, like: str, images: Sequence[NDArray[np.uint8]], threshold: float) -> Calibration:
    """Write the weights of a model with as many scores above the threshold, over all (H, W) images, as another model has.

    Name, licence and data stay those of the weights. Order and places of keypoints hardly change.
    Raises WeightsError, and DataError where the other model sees no keypoint or the disk does not let it.
    """
    weights = load_weights(weights_path(model))
    reference, scores = _scores(like, images), _scores(model, images)
    wanted = _above(reference, threshold)
    if not wanted:
        raise DataError(f"{like} finds no keypoint above {threshold} on these images: name others")
    if wanted > len(scores):
        raise DataError(f"{model} finds {len(scores)} keypoints on these images, {like} {wanted}: it is not trained")
    network = SuperPointNet(weights.architecture)
    network.load_state_dict(dict(weights.tensors))
    other = load_weights(weights_path(like)).model
    above, factor = [_above(scores, threshold) / len(images)], 1.0
    for _ in range(_PASSES):
        step = threshold / float(scores[wanted - 1])
        factor *= step
        network.state_dict()["convPb.bias"][-1] -= float(np.log(step))
        training = f"{weights.metadata.get('training', 'not stated')}; scores {factor:.2f} times as high, as those of {other}"
        write_weights(path, network, weights.name, **{**weights.metadata, "training": training, "code": code_version()})
        scores = _scores(str(path), images)
        above.append(_above(scores, threshold) / len(images))
    return Calibration(wanted / len(images), above[0], above[-1], factor)


def _scores(model: str, images: Sequence[NDArray[np.uint8]]) -> FloatArray:
    """Of all keypoints of all images, the highest first."""
    extractor = SuperPoint.load(model, threshold=_NOISE, max_keypoints=_ALL, precision="float32")
    return np.sort(np.concatenate([extractor.extract(image).scores for image in images]))[::-1]


def _above(scores: FloatArray, threshold: float) -> int:
    return int((scores > threshold).sum())
