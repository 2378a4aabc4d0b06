"""A copy of what is under version control, built neither by pip nor by colcon."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("config", "launch", "msg", "scripts", "superpoint_ros")
FILES = ("CMakeLists.txt", "LICENSE", "MODEL_CARD.md", "README.md", "package.xml", "pyproject.toml", "setup.py")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def source_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "superpoint_ros"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.rmtree(tree / "superpoint_ros" / "msg", ignore_errors=True)
    for file in FILES:
        shutil.copy2(ROOT / file, tree)
    return tree
