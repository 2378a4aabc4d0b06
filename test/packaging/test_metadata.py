from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest

import superpoint_ros


def test_package_xml_and_installed_metadata_have_the_version_of_the_package(root: Path) -> None:
    in_package_xml = ElementTree.parse(root / "package.xml").findtext("version")
    assert in_package_xml == version("superpoint-ros") == superpoint_ros.__version__


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("superpoint_ros", {"cv2", "numpy", "pydantic", "rclpy", "torch"}),
        ("superpoint_ros.config", {"cv2", "rclpy", "torch"}),
        ("superpoint_ros.matching.two_view", {"rclpy", "torch"}),
        ("superpoint_ros.cli.main", {"matplotlib", "rclpy", "torch"}),
    ],
)
def test_import_brings_no_heavy_library(module: str, unwanted: set[str]) -> None:
    code = f"import json, sys; before = set(sys.modules); import {module}; print(json.dumps(sorted(set(sys.modules) - before)))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    loaded = {name.partition(".")[0] for name in json.loads(output)}
    assert "superpoint_ros" in loaded
    assert not loaded & unwanted
