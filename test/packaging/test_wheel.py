from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

MESSAGES = ("FeatureTracks", "Features", "Matches", "TwoViewGeometry")
NODES = ("frontend_node", "matcher_node", "odometry_node", "recorder_node", "superpoint_node")


def test_wheel_holds_messages_nodes_launch_files_and_data(source_tree: Path, tmp_path: Path) -> None:
    pip_wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*pip_wheel, "--wheel-dir", tmp_path, source_tree], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr

    (path,) = tmp_path.glob("*.whl")
    with ZipFile(path) as wheel:
        mode = {entry.filename: entry.external_attr >> 16 for entry in wheel.infolist()}
        (entry_points,) = (name for name in mode if name.endswith("entry_points.txt"))
        assert "superpoint-ros = superpoint_ros.cli.main:main" in wheel.read(entry_points).decode()
    prefix = "-".join(path.name.split("-")[:2]) + ".data/data"

    assert {f"superpoint_ros/msg/{name}" for name in ("_features.py", "_matches.py", "_two_view_geometry.py")} <= mode.keys()
    assert any(name.startswith("superpoint_ros/superpoint_ros_s__rosidl_typesupport") for name in mode)
    assert f"{prefix}/lib/libsuperpoint_ros__rosidl_typesupport_c.so" in mode
    assert {f"{prefix}/share/superpoint_ros/msg/{name}.msg" for name in MESSAGES} <= mode.keys()
    assert f"{prefix}/share/ament_index/resource_index/packages/superpoint_ros" in mode
    for node in NODES:
        assert mode[f"{prefix}/lib/superpoint_ros/{node}"] & stat.S_IXUSR
    for folder in ("launch", "config"):
        files = (file for file in (source_tree / folder).rglob("*") if file.is_file())
        shipped = {f"{prefix}/share/superpoint_ros/{file.relative_to(source_tree)}" for file in files}
        assert shipped
        assert shipped <= mode.keys()
    ours = {file for file in (source_tree / "superpoint_ros").rglob("*") if file.is_file()}
    assert {file.suffix for file in ours} >= {".j2", ".safetensors"}
    assert {str(file.relative_to(source_tree)) for file in ours} <= mode.keys()
