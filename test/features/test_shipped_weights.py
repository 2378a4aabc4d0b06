"""The models of this package on real images: what users get without training anything."""

import cv2
import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.features.models import shipped_models
from superpoint_ros.features.weights import load_weights
from superpoint_ros.matching.mutual_nearest import match


def correct_matches(data, model):
    """Share of the matches of two real views of a wall that lie within 3 pixels of where its homography puts them."""
    images = [cv2.imread(str(data / "pairs" / "graf" / f"img{n}.png"), cv2.IMREAD_GRAYSCALE) for n in (1, 2)]
    homography = np.loadtxt(data / "pairs" / "graf" / "H1to2p")
    extractor = load_extractor(ExtractorConfig(model=model))
    reference, current = (extractor.extract(image) for image in images)
    matches = match(reference, current)
    points = reference.keypoints[matches.reference_index]
    expected = cv2.perspectiveTransform(points[:, None].astype(np.float64), homography)[:, 0]
    errors = np.linalg.norm(expected - current.keypoints[matches.current_index], axis=1)
    return float((errors < 3.0).mean()), len(matches)


@pytest.mark.parametrize("model", sorted(shipped_models()))
def test_shipped_model_says_what_it_is(model):
    weights = load_weights(shipped_models()[model])
    assert weights.name == model
    assert weights.metadata["licence"] == "Apache-2.0"
    assert "MODEL_CARD.md" in weights.metadata["training"]


@pytest.mark.parametrize("model", sorted(shipped_models()))
def test_shipped_model_matches_two_views_of_a_wall(shared_data, model):
    share, count = correct_matches(shared_data, model)
    assert count > 300
    assert share > 0.7


def test_there_is_a_default_model():
    assert ExtractorConfig().model in shipped_models()
