"""superpoint-ros export"""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from superpoint_ros.cli.main import app


def test_export_of_a_shipped_model(tmp_path: Path) -> None:
    path = tmp_path / "out.pt"
    result = CliRunner().invoke(app, ["export", "small", "--to", "torchscript", "-o", str(path)])
    assert result.exit_code == 0, result.output
    assert "small:" in result.output and "torchscript" in result.output and path.stat().st_size > 1_000_000


def test_suffix_must_fit_the_format(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", "small", "--to", "openvino", "-o", str(tmp_path / "a.onnx")])
    assert result.exit_code == 2
    assert "a file for openvino is named *.xml" in " ".join(result.output.split())
