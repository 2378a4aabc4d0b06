"""A live camera: ``ros2 launch superpoint_ros superpoint.launch.py image:=/cam/image_raw camera_info:=/cam/camera_info``.

Several, say of a stereo rig with ``/left/image_raw``, ``/left/camera_info``, ``/right/image_raw`` and so on, share the network in
one superpoint_node, and each has its own matcher and odometry:

    ros2 launch superpoint_ros superpoint.launch.py cameras:=left,right image:=image_raw
"""

from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("superpoint_ros")) / "config"
FLAG = ["true", "false"]
LEVELS = ["debug", "info", "warn", "error", "fatal"]

ARGUMENTS = [
    DeclareLaunchArgument(
        "image", default_value="image", description="image topic; with image_transport compressed its base name"
    ),
    DeclareLaunchArgument("camera_info", default_value="camera_info", description="calibration of the camera; needed for poses"),
    DeclareLaunchArgument(
        "cameras",
        default_value="",
        description="namespaces of several cameras, e.g. left,right; image and camera_info are then names inside of each",
    ),
    DeclareLaunchArgument("image_transport", default_value="raw", choices=["raw", "compressed"], description="which image topic"),
    DeclareLaunchArgument("namespace", default_value="", description="namespace of all nodes and of the topics they publish"),
    DeclareLaunchArgument(
        "params_file", default_value=str(CONFIG / "cpu.yaml"), description="YAML file with the nodes' parameters"
    ),
    DeclareLaunchArgument(
        "model", default_value="", description="small, full, sift, orb or a weights file; empty: as in params_file"
    ),
    DeclareLaunchArgument("one_process", default_value="true", choices=FLAG, description="frontend_node instead of three nodes"),
    DeclareLaunchArgument("rviz", default_value="false", choices=FLAG, description="start RViz with the pictures and the path"),
    DeclareLaunchArgument("use_sim_time", default_value="false", choices=FLAG, description="take the time from /clock"),
    DeclareLaunchArgument("log_level", default_value="info", choices=LEVELS, description="severity from which on nodes log"),
    DeclareLaunchArgument(
        "large_messages",
        default_value="true",
        choices=FLAG,
        description="Fast DDS profile for large messages between processes of this computer; false where nodes run on others",
    ),
]


def generate_launch_description() -> LaunchDescription:
    profile = [
        SetEnvironmentVariable(
            variable, str(CONFIG / "fastdds_large_messages.xml"), condition=IfCondition(LaunchConfiguration("large_messages"))
        )
        for variable in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")  # since Fast DDS 3, and before
    ]
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        namespace=LaunchConfiguration("namespace"),
        arguments=["-d", str(CONFIG / "superpoint.rviz")],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return LaunchDescription([*ARGUMENTS, *profile, OpaqueFunction(function=_nodes), rviz])


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes, now that the values of the arguments are known."""
    value = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in ARGUMENTS}
    parameters = [
        value["params_file"],
        {"use_sim_time": value["use_sim_time"] == "true", "image_transport": value["image_transport"]},
    ]
    if value["model"]:
        parameters.append({"extractor.model": value["model"]})
    topics = {"image": value["image"], "image/compressed": value["image"] + "/compressed", "camera_info": value["camera_info"]}

    def node(executable: str, *more: dict[str, Any], camera: str = "", topics: dict[str, str] = topics) -> Node:
        return Node(
            package="superpoint_ros",
            executable=executable,
            namespace="/".join(part for part in (value["namespace"], camera) if part),
            parameters=[*parameters, *more],
            remappings=list(topics.items()),
            arguments=["--ros-args", "--log-level", value["log_level"]],
            output="screen",
        )

    cameras = [camera for camera in value["cameras"].replace(" ", "").split(",") if camera]
    if cameras:
        of_each = {f"{camera}/{name}": f"{camera}/{topic}" for camera in cameras for name, topic in topics.items()}
        followers = [node(name, camera=camera) for camera in cameras for name in ("matcher_node", "odometry_node")]
        return [node("superpoint_node", {"cameras": cameras}, topics=of_each), *followers]
    if value["one_process"] == "true":
        return [node("frontend_node")]
    return [node(name) for name in ("superpoint_node", "matcher_node", "odometry_node")]
