"""A bag: ``ros2 launch superpoint_ros replay.launch.py bag:=/path/to/bag image:=/camera/image_raw``.

Plays the bag with its own clock; takes every argument of superpoint.launch.py. Ends when the bag ends. With ``evaluate:=true`` a
recorder listens to the nodes, and in the end `superpoint-ros replay` evaluates what they said, with a report in ``output``:

    ros2 launch superpoint_ros replay.launch.py bag:=/path/to/bag image:=/camera/image_raw camera_info:=/camera/camera_info \
        evaluate:=true reference:=/odom output:=out
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.events import Shutdown, matches_action
from launch.events.process import ShutdownProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetParameter

LIVE = Path(get_package_share_directory("superpoint_ros")) / "launch" / "superpoint.launch.py"

ARGUMENTS = [
    DeclareLaunchArgument("bag", description="folder of a rosbag2, or its .mcap or .db3 file"),
    DeclareLaunchArgument("rate", default_value="1.0", description="speed of the replay; 0.5 is half as fast as it was recorded"),
    DeclareLaunchArgument("delay", default_value="5.0", description="seconds before the first message, for the nodes to start"),
    DeclareLaunchArgument(
        "evaluate", default_value="false", choices=["true", "false"], description="evaluate what the nodes said, in the end"
    ),
    DeclareLaunchArgument(
        "reference", default_value="", description="true poses: a topic of the bag or a TUM file; empty: the bag's ground truth"
    ),
    DeclareLaunchArgument("reference_frame", default_value="", description="whose poses those are, if they do not say it"),
    DeclareLaunchArgument("output", default_value="evaluation", description="folder of the report"),
]


def generate_launch_description() -> LaunchDescription:
    # The odometry that is evaluated is that of the camera: wherever it sits on the robot is no part of the question.
    evaluated = IfCondition(LaunchConfiguration("evaluate"))
    frames = [SetParameter(name, "camera", condition=evaluated) for name in ("base_frame", "camera_frame")]
    nodes = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LIVE)), launch_arguments={"use_sim_time": "true"}.items())
    return LaunchDescription([*ARGUMENTS, *frames, nodes, OpaqueFunction(function=_play)])


def _play(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The player, and what follows when it ends."""

    def value(name: str) -> str:
        return str(LaunchConfiguration(name).perform(context))

    play = ["ros2", "bag", "play", value("bag"), "--clock", "--rate", value("rate"), "--delay", value("delay")]
    end = EmitEvent(event=Shutdown(reason="the bag has ended"))
    if value("evaluate") == "false":
        return [ExecuteProcess(cmd=play, output="screen", on_exit=[end])]
    recording = str(Path(value("output")) / "recording.json")
    image = value("image") + ("/compressed" if value("image_transport") == "compressed" else "")
    evaluate = ["superpoint-ros", "replay", value("bag"), "--topic", image, "--output", value("output"), "--evaluate"]
    evaluate += ["--recording", recording]
    for option in ("reference", "reference_frame"):
        evaluate += [f"--{option.replace('_', '-')}", value(option)] if value(option) else []
    recorder = Node(
        package="superpoint_ros",
        executable="recorder_node",
        namespace=value("namespace"),
        parameters=[{"output": recording, "image_transport": value("image_transport")}],
        remappings=[("image", value("image")), ("image/compressed", value("image") + "/compressed")],
        output="screen",
        on_exit=[ExecuteProcess(cmd=evaluate, output="screen", on_exit=[end])],
    )
    # The recorder writes its file when it is ended, and that starts the evaluation.
    stop = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(recorder)))
    return [recorder, ExecuteProcess(cmd=play, output="screen", on_exit=[stop])]
