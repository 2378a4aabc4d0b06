from __future__ import annotations

import subprocess
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

import superpoint_ros
from superpoint_ros.evaluation.provenance import provenance


def test_a_run_says_what_made_it() -> None:
    found = provenance("superpoint-ros evaluate pose kitti")
    assert found["command"] == "superpoint-ros evaluate pose kitti"
    age = datetime.now(timezone.utc) - datetime.fromisoformat(found["date"])
    assert 0 <= age.total_seconds() + 1 < 60
    assert found["versions"]["superpoint_ros"] == superpoint_ros.__version__
    assert found["versions"]["numpy"] == np.__version__
    assert "opencv-python-headless" in found["versions"] and "poselib" in found["versions"]
    root = Path(superpoint_ros.__file__).parents[1]
    git = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    expected = git.stdout.strip() if git.returncode == 0 and (root / ".git").exists() else ""
    assert found["revision"].removesuffix("+changes") == expected
