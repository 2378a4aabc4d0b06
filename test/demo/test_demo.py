"""The demo as users start it: four processes, real DDS, a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from superpoint_ros.cli.main import app
from superpoint_ros.config import Config
from superpoint_ros.demo.outcome import OWN_DATA
from superpoint_ros.demo.processes import ProcessError
from superpoint_ros.demo.run import Sequence, require_ros, run_demo
from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence

SIFT = Config.model_validate({"extractor": {"model": "sift", "max_keypoints": 400}})


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bag") / "simulation"
    write_bag(SimulatedSequence(frames=40, size=(320, 240), rate=8.0), path)
    return path


def nodes_of_this_test() -> list[str]:
    lines = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    return [line for line in lines if "superpoint_ros.ros." in line]


def test_the_rendered_sequence_through_three_nodes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "superpoint_ros.cli.main", "demo", "--frames", "60", "-o", str(tmp_path / "demo")]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=dict(os.environ),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for line in ("Frames processed", "Frames lost inside the pipeline", "Rotation error (median)", "Direction error (median)"):
        assert line in result.stdout
    out = tmp_path / "demo"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "All checks passed" in page
    assert page.count("<svg") >= 4
    assert page.count("data:image/jpeg;base64,") == 4
    recording = json.loads((out / "recording.json").read_text())
    assert len({image["stamp"] for image in recording["images"]}) == 60
    assert len(recording["poses"]) >= 4
    assert (out / "trajectory.tum").stat().st_size > 0


def test_a_bag_of_ones_own(bag: Path, tmp_path: Path) -> None:
    outcome = run_demo(Sequence(bag, frames=25), SIFT, tmp_path / "demo", OWN_DATA)
    assert outcome.passed
    assert [check.name for check in outcome.checks] == ["Frames processed", "Frames lost inside the pipeline"]
    assert outcome.played == 25
    assert outcome.summary.rotation is not None, "the bag has ground truth, so there are errors to show"
    assert outcome.summary.rotation[0] < 1.0
    assert nodes_of_this_test() == []


def test_a_node_that_dies_is_reported_and_takes_all_others_with_it(bag: Path, tmp_path: Path) -> None:
    weights = Config.model_validate({"extractor": {"model": str(tmp_path / "no.safetensors")}})
    with pytest.raises(ProcessError, match=r"superpoint_node ended with status 2.*no\.safetensors"):
        run_demo(Sequence(bag), weights, tmp_path / "demo")
    assert nodes_of_this_test() == []


def test_without_rclpy_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superpoint_ros.demo.run.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install '\.\[ros\]'"):
        require_ros()


def test_bad_inputs_are_refused_before_a_node_starts(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    for arguments, named in (
        (["--bag", str(tmp_path / "no.mcap")], "no.mcap"),
        (["--folder", str(tmp_path)], str(tmp_path.name)),
        (["--bag", "a", "--folder", "b"], "not both"),
    ):
        result = CliRunner().invoke(app, ["demo", "--features", "sift", "-o", str(tmp_path / "demo"), *arguments])
        assert result.exit_code == 2, result.output
        assert named in result.stderr.replace("\n", "")
        assert len(result.stderr.strip().splitlines()) == 1
