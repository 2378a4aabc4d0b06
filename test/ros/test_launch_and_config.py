"""What can be checked of launch files and configurations without a ROS installation.

``launch`` and ``launch_ros`` are not on PyPI. Stand-ins of their few classes record what the files ask for.
"""

from __future__ import annotations

import runpy
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ament_index_python import packages
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.config import FrontendNodeConfig, RecorderNodeConfig, SuperPointNodeConfig, parse_section
from superpoint_ros.ros.parameters import fields

ROOT = Path(__file__).resolve().parents[2]
TOPICS = {"features", "debug_image", "matches", "two_view_geometry", "tracks", "match_image", "odometry", "path"}


class Recorded:
    """Stands for any class of launch: keeps what it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    @property
    def name(self) -> str:
        return str(self.args[0])


class Configuration(Recorded):
    """Stands for LaunchConfiguration; the context is the dictionary of values."""

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name]


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes ``launch`` importable, with the source tree as the share folder of the package."""
    names = {
        "launch": ["LaunchContext", "LaunchDescription", "LaunchDescriptionEntity"],
        "launch.actions": [
            "DeclareLaunchArgument", "EmitEvent", "ExecuteProcess", "IncludeLaunchDescription", "OpaqueFunction",
            "SetEnvironmentVariable",
        ],
        "launch.conditions": ["IfCondition"],
        "launch.events": ["Shutdown", "matches_action"],
        "launch.events.process": ["ShutdownProcess"],
        "launch.launch_description_sources": ["PythonLaunchDescriptionSource"],
        "launch.substitutions": ["LaunchConfiguration"],
        "launch_ros": [],
        "launch_ros.actions": ["Node", "SetParameter"],
    }  # fmt: skip
    for module_name, classes in names.items():
        module = ModuleType(module_name)
        for name in classes:
            setattr(module, name, type(name, (Configuration if name == "LaunchConfiguration" else Recorded,), {}))
        monkeypatch.setitem(sys.modules, module_name, module)
    monkeypatch.setattr(packages, "get_package_share_directory", lambda _package: str(ROOT))


def entities(name: str) -> list[Any]:
    """What the launch file of that name describes."""
    description = runpy.run_path(str(ROOT / "launch" / name))["generate_launch_description"]()
    return list(description.args[0])


def of(kind: str, items: list[Any]) -> list[Any]:
    return [item for item in items if type(item).__name__ == kind]


@pytest.mark.usefixtures("launch")
@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "launch").glob("*.py"))])
def test_every_argument_has_a_description_and_a_name_of_its_own(name: str) -> None:
    arguments = of("DeclareLaunchArgument", entities(name))
    assert arguments
    assert all(len(argument.kwargs["description"]) > 10 for argument in arguments)
    assert len({argument.name for argument in arguments}) == len(arguments)


def live_nodes(**changes: str) -> list[Any]:
    described = entities("superpoint.launch.py")
    values = {a.name: a.kwargs["default_value"] for a in of("DeclareLaunchArgument", described)} | changes
    (function,) = of("OpaqueFunction", described)
    return list(function.kwargs["function"](values))


@pytest.mark.usefixtures("launch")
def test_live_launch_starts_one_process_or_three() -> None:
    (frontend,) = live_nodes()
    assert (frontend.kwargs["package"], frontend.kwargs["executable"]) == ("superpoint_ros", "frontend_node")
    nodes = live_nodes(
        one_process="false", image="/cam/image_raw", camera_info="/cam/info", namespace="robot", model="sift", log_level="debug"
    )
    assert [node.kwargs["executable"] for node in nodes] == ["superpoint_node", "matcher_node", "odometry_node"]
    for node in nodes:
        remappings = dict(node.kwargs["remappings"])
        assert remappings["image"] == "/cam/image_raw"
        assert remappings["image/compressed"] == "/cam/image_raw/compressed"
        assert remappings["camera_info"] == "/cam/info"
        assert node.kwargs["namespace"] == "robot"
        assert node.kwargs["parameters"][-1] == {"extractor.model": "sift"}
        assert node.kwargs["arguments"] == ["--ros-args", "--log-level", "debug"]
        assert (ROOT / "superpoint_ros" / "ros" / f"{node.kwargs['executable']}.py").is_file()


@pytest.mark.usefixtures("launch")
def test_live_launch_of_several_cameras_shares_one_network() -> None:
    superpoint, *others = live_nodes(
        cameras="left, right", image="image_raw", camera_info="info", namespace="robot", model="small"
    )
    assert (superpoint.kwargs["executable"], superpoint.kwargs["namespace"]) == ("superpoint_node", "robot")
    *_, model, cameras = superpoint.kwargs["parameters"]
    assert model == {"extractor.model": "small"}
    assert parse_section(SuperPointNodeConfig, cameras).cameras == ("left", "right")
    remappings = dict(superpoint.kwargs["remappings"])
    assert remappings["left/image"] == "left/image_raw"
    assert remappings["right/image/compressed"] == "right/image_raw/compressed"
    assert [(node.kwargs["executable"], node.kwargs["namespace"]) for node in others] == [
        (name, f"robot/{camera}") for camera in ("left", "right") for name in ("matcher_node", "odometry_node")
    ]
    for node in others:
        assert dict(node.kwargs["remappings"])["camera_info"] == "info"
        assert "cameras" not in {name for values in node.kwargs["parameters"][1:] for name in values}


@pytest.mark.usefixtures("launch")
def test_parameters_that_launch_sets_exist() -> None:
    known = {name for name, _, _ in fields(FrontendNodeConfig)} | {"use_sim_time"}
    (node,) = live_nodes(model="sift")
    params_file, *dictionaries = node.kwargs["parameters"]
    assert Path(params_file).is_file()
    assert {name for dictionary in dictionaries for name in dictionary} <= known


@pytest.mark.usefixtures("launch")
def test_replay_plays_the_bag_with_its_clock_into_the_live_launch() -> None:
    described = entities("replay.launch.py")
    (include,), (player,) = of("IncludeLaunchDescription", described), replay_processes(evaluate="false")
    assert dict(include.kwargs["launch_arguments"]) == {"use_sim_time": "true"}
    assert Path(include.args[0].args[0]).is_file()
    assert player.kwargs["cmd"] == ["ros2", "bag", "play", "/a/bag", "--clock", "--rate", "1.0", "--delay", "5.0"]
    (end,) = player.kwargs["on_exit"]
    assert type(end.kwargs["event"]).__name__ == "Shutdown"


def replay_processes(**changes: str) -> list[Any]:
    described = [*entities("superpoint.launch.py"), *entities("replay.launch.py")]
    defaults = {a.name: a.kwargs.get("default_value", "") for a in of("DeclareLaunchArgument", described)}
    function = of("OpaqueFunction", described)[-1]
    return list(function.kwargs["function"](defaults | {"bag": "/a/bag"} | changes))


@pytest.mark.usefixtures("launch")
def test_replay_records_the_nodes_and_evaluates_them_when_the_bag_has_ended() -> None:
    recorder, player = replay_processes(
        evaluate="true", reference="/odom", output="there", image="/cam/image", image_transport="compressed", namespace="robot"
    )
    assert (recorder.kwargs["executable"], recorder.kwargs["namespace"]) == ("recorder_node", "robot")
    (parameters,) = recorder.kwargs["parameters"]
    parse_section(RecorderNodeConfig, parameters)
    assert dict(recorder.kwargs["remappings"])["image/compressed"] == "/cam/image/compressed"
    (stop,) = player.kwargs["on_exit"]
    assert stop.kwargs["event"].kwargs["process_matcher"].args == (recorder,)
    (evaluation,) = recorder.kwargs["on_exit"]
    command = evaluation.kwargs["cmd"]
    assert command[:3] == ["superpoint-ros", "replay", "/a/bag"]
    assert "--evaluate" in command
    assert command[command.index("--topic") + 1] == "/cam/image/compressed"
    assert command[command.index("--recording") + 1] == parameters["output"] == "there/recording.json"
    assert command[command.index("--reference") + 1] == "/odom"
    assert "--reference-frame" not in command
    assert [type(end.kwargs["event"]).__name__ for end in evaluation.kwargs["on_exit"]] == ["Shutdown"]


@pytest.mark.usefixtures("launch")
def test_the_command_of_the_evaluation_is_one_that_the_command_line_knows(tmp_path: Path) -> None:
    recorder, _ = replay_processes(evaluate="true", bag=str(tmp_path / "no_bag"), reference="/odom", reference_frame="base")
    (evaluation,) = recorder.kwargs["on_exit"]
    called = CliRunner().invoke(app, evaluation.kwargs["cmd"][1:])
    assert "no_bag does not exist" in called.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_key_of_a_params_file_is_a_parameter_with_a_valid_value(path: Path) -> None:
    (node, content), *others = yaml.safe_load(path.read_text()).items()
    assert (node, others) == ("/**", [])
    parse_section(FrontendNodeConfig, content["ros__parameters"])


def test_rviz_looks_at_topics_that_exist() -> None:
    described = yaml.safe_load((ROOT / "config" / "superpoint.rviz").read_text())
    displays = described["Visualization Manager"]["Displays"]
    topics = {display["Topic"]["Value"] for display in displays if "Topic" in display}
    assert topics
    assert topics <= TOPICS


def test_fast_dds_profile_has_room_for_large_messages_and_stays_on_this_computer() -> None:
    root = ElementTree.parse(ROOT / "config" / "fastdds_large_messages.xml").getroot()
    space = {"d": "http://www.eprosima.com"}
    assert [
        int(e.text or 0) >= 2**24 for name in ("segment_size", "maxMessageSize") for e in root.iterfind(f".//d:{name}", space)
    ] == [True] * 2
    assert [e.text for e in root.iterfind(".//d:address", space)] == ["127.0.0.1"]
    assert [e.text for e in root.iterfind(".//d:useBuiltinTransports", space)] == ["false"]
