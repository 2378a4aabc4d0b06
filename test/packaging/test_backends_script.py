"""The script behind the tables of docs/backends.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from superpoint_ros.errors import DeviceError
from superpoint_ros.features.backends.cpu import require_bfloat16


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_all_backends_are_timed_and_agree_in_single_precision(root: Path, shared_data: Path, tmp_path: Path) -> None:
    try:
        require_bfloat16()
    except DeviceError as error:
        pytest.skip(str(error))
    (tmp_path / "graf").symlink_to(shared_data / "pairs" / "graf")
    command = [sys.executable, str(root / "scripts" / "measure_backends.py"), "small", "--pairs", str(tmp_path), "--repeat", "1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if line.startswith("| ")]
    timed = {row[0]: row[1:] for row in rows if len(row) == 3}
    compared = {row[0]: row[1:] for row in rows if len(row) == 6 and row[0] in timed}
    assert len(timed) == 11 and len(compared) == 11  # ten ways, and the heads of the tables
    assert all(float(ms) > 0.0 for ms, _ in list(timed.values())[1:])
    exact = [figures for name, figures in compared.items() if "float32" in name]
    assert len(exact) == 4 and all(float(figures[0]) > 0.99 for figures in exact)
    assert "pooling, adding, changing layout" in printed
