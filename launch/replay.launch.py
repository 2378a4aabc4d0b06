"""A bag: ``ros2 launch superpoint_ros replay.launch.py bag:=/path/to/bag image:=/camera/image_raw``.

Plays the bag with its own clock; takes every argument of superpoint.launch.py. Ends when the bag ends.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, IncludeLaunchDescription
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

LIVE = Path(get_package_share_directory("superpoint_ros")) / "launch" / "superpoint.launch.py"

ARGUMENTS = [
    DeclareLaunchArgument("bag", description="folder of a rosbag2, or its .mcap or .db3 file"),
    DeclareLaunchArgument("rate", default_value="1.0", description="speed of the replay; 0.5 is half as fast as it was recorded"),
    DeclareLaunchArgument("delay", default_value="5.0", description="seconds before the first message, for the nodes to start"),
]


def generate_launch_description() -> LaunchDescription:
    nodes = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LIVE)), launch_arguments={"use_sim_time": "true"}.items())
    bag, rate, delay = (LaunchConfiguration(name) for name in ("bag", "rate", "delay"))
    player = ExecuteProcess(
        cmd=["ros2", "bag", "play", bag, "--clock", "--rate", rate, "--delay", delay],
        output="screen",
        on_exit=[EmitEvent(event=Shutdown(reason="the bag has ended"))],
    )
    return LaunchDescription([*ARGUMENTS, nodes, player])
