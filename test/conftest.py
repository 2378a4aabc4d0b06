"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real image pairs and sequences, which are not part of the repository.

    ``SUPERPOINT_ROS_DATA`` names it, else it is ``../shared/data`` beside the repository.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SUPERPOINT_ROS_DATA", beside))
    if not folder.is_dir():
        reason = f"no real data in {folder}: set SUPERPOINT_ROS_DATA to the folder that has them"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
