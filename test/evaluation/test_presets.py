from __future__ import annotations

import pytest

from superpoint_ros.errors import ConfigError
from superpoint_ros.evaluation.presets import PRESETS, find_preset


def test_the_protocols_of_the_papers() -> None:
    paper = find_preset("superpoint-paper")
    detector, homography = paper.protocol("detector"), paper.protocol("homography")
    assert (detector.resize.target, detector.max_keypoints, detector.nms_radii) == ((320, 240), 300, (4, 8))
    assert (homography.resize.target, homography.max_keypoints, homography.nms_radii) == ((640, 480), 1000, (8,))
    assert (detector.epsilon, homography.thresholds) == (3.0, (1.0, 3.0, 5.0))
    lightglue = find_preset("lightglue").protocol("homography")
    assert (str(lightglue.resize), lightglue.max_keypoints, lightglue.estimators) == (
        "short side 480",
        1024,
        ("opencv", "poselib"),
    )
    assert find_preset("sequence").gaps == (1, 3, 5, 10)
    assert find_preset("lightglue").protocol("pose").thresholds == (5.0, 10.0, 20.0)


@pytest.mark.parametrize("name", PRESETS)
def test_every_figure_is_printed_with_its_settings(name: str) -> None:
    for task, protocol in PRESETS[name].protocols.items():
        settings = protocol.settings(task)
        assert {"resolution", "max_keypoints", "nms_radius", "threshold"} < set(settings)
        if task in ("detector", "descriptor"):
            assert settings["epsilon"] == protocol.epsilon
        else:
            assert settings["estimator"] == protocol.estimators and settings["max_error"] == protocol.max_error
            geometry = protocol.geometry(protocol.estimators[0], 7)
            assert (geometry.estimator, geometry.max_error, geometry.seed) == (protocol.estimators[0], protocol.max_error, 7)


def test_unknown_names_and_tasks_say_what_there_is() -> None:
    with pytest.raises(ConfigError, match="no preset 'hpatches': choose from pairs-1000, superpoint-paper"):
        find_preset("hpatches")
    with pytest.raises(ConfigError, match="preset sequence is for pose, not for detector: choose from pairs-1000"):
        find_preset("sequence").protocol("detector")
