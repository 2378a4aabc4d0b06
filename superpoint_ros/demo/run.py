"""The recipe of the demo: start the nodes, play, record, judge, write the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import yaml

from superpoint_ros.config import Config
from superpoint_ros.demo.outcome import Criteria, Outcome, evaluate
from superpoint_ros.demo.page import make_page
from superpoint_ros.demo.processes import ProcessError, Processes, loopback_environment, signals_as_exceptions
from superpoint_ros.errors import DataError, MissingDependencyError
from superpoint_ros.io.recording import CAMERA_FRAME, Recording
from superpoint_ros.io.sources import open_source

NODES = ("superpoint_node", "matcher_node", "odometry_node")
SESSION = "demo_session"
FRAMES = 150
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Sequence:
    """What is played: a path that ``open_source`` reads; its image topic; intrinsics from a file; how many frames at most."""

    path: Path
    topic: str | None = None
    camera: Path | None = None
    frames: int | None = None


def run_demo(
    sequence: Sequence, config: Config, out: Path, criteria: Criteria = Criteria(), on_progress: Progress = lambda event: None
) -> Outcome:
    """Play a sequence through the three nodes and write ``report.html``, ``trajectory.tum`` and logs into the folder ``out``.

    Raises MissingDependencyError without ROS, DataError where the sequence cannot be played, ProcessError where a node died.
    """
    require_ros()
    logs = out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    source = open_source(sequence.path, sequence.topic)
    parameters = out / "parameters.yaml"
    parameters.write_text(ros_parameters(config), encoding="utf-8")
    recording_file = out / "recording.json"
    recording_file.unlink(missing_ok=True)

    with signals_as_exceptions(), Processes(logs, loopback_environment()) as processes:
        for node in NODES:
            processes.start_module(node, f"superpoint_ros.ros.{node}", ["--ros-args", "--params-file", str(parameters)])
        session = processes.start_module(
            SESSION, f"superpoint_ros.ros.{SESSION}", _session_arguments(sequence, recording_file), read_output=True
        )
        _follow(session.stdout, processes, on_progress)
        if session.wait() != 0:
            raise _session_error(processes)

    recording = Recording.read(recording_file)
    outcome = evaluate(recording, source.ground_truth, criteria)
    outcome.trajectory.write_tum(out / "trajectory.tum")
    make_page(outcome, recording, source, yaml.safe_dump(config.model_dump(), sort_keys=False), criteria).write(
        out / "report.html"
    )
    return outcome


def render_sequence(folder: Path, frames: int = FRAMES, seed: int = 0) -> Path:
    """Render the embedded sequence into a rosbag in the folder, over an earlier one; returns its path."""
    from superpoint_ros.simulation.bag import write_bag
    from superpoint_ros.simulation.sequence import SimulatedSequence

    path = folder / f"simulation-{seed}-{frames}"
    if path.exists():
        shutil.rmtree(path)
    write_bag(SimulatedSequence(frames=frames, seed=seed), path)
    return path


def require_ros() -> None:
    """Raise MissingDependencyError where nodes cannot run."""
    if find_spec("rclpy") is None:
        raise MissingDependencyError(
            "the demo runs ROS 2 nodes and rclpy is not installed: pip install '.[ros]', or source your ROS 2"
        )
    if find_spec("superpoint_ros.msg") is None:
        raise MissingDependencyError(
            "the ROS messages of this package are not built: pip install '.[ros]', or colcon build and source install/setup.bash"
        )


def ros_parameters(config: Config) -> str:
    """A ROS parameter file for all nodes, on simulated time. The camera is the robot: nobody needs a transform between them."""
    return yaml.safe_dump(
        {"/**": {"ros__parameters": {"use_sim_time": True, "base_frame": CAMERA_FRAME, **config.model_dump()}}}, sort_keys=False
    )


def _session_arguments(sequence: Sequence, recording: Path) -> list[str]:
    arguments = [str(sequence.path), str(recording)]
    for option in ("topic", "camera", "frames"):
        value = getattr(sequence, option)
        if value is not None:
            arguments += [f"--{option}", str(value)]
    return arguments


def _follow(output: IO[str] | None, processes: Processes, on_progress: Progress) -> None:
    """Pass the session's progress on until it ends; look after the nodes meanwhile."""
    assert output is not None
    for line in output:
        on_progress(json.loads(line))
        processes.check(NODES)


def _session_error(processes: Processes) -> DataError | ProcessError:
    """A node that died is the reason that is worth telling; else the session said in one line what is wrong."""
    for node in NODES:
        if not processes.alive(node):
            return processes.death(node)
    lines = processes.log(SESSION).read_text(encoding="utf-8", errors="replace").splitlines()
    return DataError(lines[-1]) if lines else processes.death(SESSION)
