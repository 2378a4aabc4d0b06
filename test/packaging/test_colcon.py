from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

WAIT_FOR_NODE = """
import rclpy, time
rclpy.init()
node = rclpy.create_node("watcher")
end = time.monotonic() + 60
while ("matcher_node", "/built") not in node.get_node_names_and_namespaces():
    assert time.monotonic() < end, node.get_node_names_and_namespaces()
    time.sleep(0.1)
print([name for name, _ in node.get_publisher_names_and_types_by_node("matcher_node", "/built")])
"""


def test_node_starts_from_the_install_space(source_tree: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    built = subprocess.run(["colcon", "build"], cwd=source_tree, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr

    prefix = source_tree / "install" / "superpoint_ros"
    sourced = source_setup(source_tree / "install" / "setup.bash", environment)
    sourced |= {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DOMAIN_ID": "97"}
    python = [sys.executable, "-c"]
    home = subprocess.run(
        [*python, "import superpoint_ros; print(superpoint_ros.__file__)"], cwd="/", env=sourced, capture_output=True, text=True
    )
    assert Path(home.stdout.strip()).is_relative_to(prefix)

    executable = prefix / "lib" / "superpoint_ros" / "matcher_node"
    node = subprocess.Popen([executable, "--ros-args", "-r", "__ns:=/built"], cwd="/", env=sourced)
    try:
        seen = subprocess.run([*python, WAIT_FOR_NODE], cwd="/", env=sourced, capture_output=True, text=True)
        assert seen.returncode == 0, seen.stderr
        assert "/built/matches" in seen.stdout
        node.send_signal(signal.SIGINT)
        assert node.wait(timeout=30) == 0
    finally:
        node.kill()
        node.wait()

    usage = subprocess.run([prefix / "bin" / "superpoint-ros", "--help"], cwd="/", env=sourced, capture_output=True, text=True)
    assert usage.returncode == 0
    assert "replay" in usage.stdout


def source_setup(script: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment after sourcing a setup.bash."""
    output = subprocess.run(["bash", "-c", f"source {script} && env -0"], env=environment, check=True, capture_output=True).stdout
    return dict(entry.split("=", 1) for entry in output.decode().split("\0") if entry)
