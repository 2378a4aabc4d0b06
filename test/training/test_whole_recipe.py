"""From nothing to weights on rendered rooms, small enough for three minutes: every stage must learn."""

import csv

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.simulation.sequence import SimulatedSequence


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


def column(path, name):
    with path.open(newline="") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


def write(path, **settings):
    path.write_text(yaml.safe_dump(settings))
    return path


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_stage_learns(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(20):
        frame = SimulatedSequence(frames=20, seed=100 + n, size=(320, 240)).frame(5)
        cv2.imwrite(str(photos / f"room{n}.png"), frame.image)
    log = {"every": 20, "validate_every": 100, "validation_images": 4}
    shapes = write(
        tmp_path / "magicpoint.yaml",
        optimizer={"steps": 200, "learning_rate": 4e-3},
        shapes={"height": 96, "width": 128, "batch": 16},
        log=log,
    )
    run("train", "magicpoint", "--config", shapes, "-o", tmp_path / "magicpoint")
    run("label", photos, "--warps", 10, "-o", tmp_path / "labels")
    pairs = write(
        tmp_path / "superpoint.yaml",
        optimizer={"steps": 300, "learning_rate": 3e-3},
        # Milder than the defaults: what noise and large motion teach takes longer than three minutes.
        pairs={
            "height": 96,
            "width": 128,
            "batch": 8,
            "correspondences": 80,
            "degraded": 0.0,
            "strengths": [0.3],
            "upright": 1.0,
            "motion": {"rotation": 20.0, "scale": 1.4, "perspective": 0.1, "translation": 0.1},
        },
        log=log,
    )
    arguments = ("--start", tmp_path / "magicpoint", "--config", pairs, "-o", tmp_path / "superpoint")
    run("train", "superpoint", tmp_path / "labels", *arguments)

    assert column(tmp_path / "magicpoint/log.csv", "loss")[-1] < 0.7 * column(tmp_path / "magicpoint/log.csv", "loss")[0]
    joint = tmp_path / "superpoint/log.csv"
    for name in ("loss", "detector", "descriptor"):
        assert column(joint, name)[-2:].mean() < 0.95 * column(joint, name)[:2].mean(), name
    gap = column(joint, "positive_similarity") - column(joint, "negative_similarity")
    assert gap[-1] > gap[0] + 0.15
    for stage in ("magicpoint", "superpoint"):
        repeatability = column(tmp_path / stage / "validation.csv", "repeatability")
        assert repeatability[-1] > repeatability[0] + 0.08, stage
    assert len(SuperPoint.load(str(tmp_path / "superpoint/weights.safetensors")).extract(frame.image)) > 50
