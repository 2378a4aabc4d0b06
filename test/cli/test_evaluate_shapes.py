"""superpoint-ros evaluate shapes"""

from typer.testing import CliRunner

from superpoint_ros.cli.main import app


def test_detectors_stand_side_by_side():
    result = CliRunner().invoke(app, ["evaluate", "shapes", "--features", "small", "--features", "harris", "--images", "10"])
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines() if line.strip()]
    small, harris = (next(row for row in rows if row[0].startswith(name)) for name in ("small:", "harris"))
    assert len(small) == len(harris) == 5
    assert 0.2 < float(harris[1]) < 1.0
    assert float(small[3]) > float(harris[3])
    assert [row.count("/") for row in rows if row[0] == "cube"] == [2]
    assert "10 images of 160x120 pixels" in result.stdout


def test_unknown_detector_is_one_line_and_exit_2():
    result = CliRunner().invoke(app, ["evaluate", "shapes", "--features", "nobody", "--images", "1"])
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    assert "nobody" in result.output
