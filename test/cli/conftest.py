from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.simulation.bag import write_bag
from superpoint_ros.simulation.sequence import SimulatedSequence


class Outcome:
    """Exit status and both streams of one call of the command line."""

    def __init__(self, *arguments: str | Path) -> None:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        self.status, self.out, self.err = result.exit_code, result.stdout, result.stderr

    def refused(self) -> str:
        """The one line on stderr of a command that exits 2 because of what it was given."""
        assert self.status == 2, self.out + self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        return lines[0]


@pytest.fixture
def run() -> Callable[..., Outcome]:
    return Outcome


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sequence as a rosbag."""
    path = tmp_path_factory.mktemp("bag") / "simulation"
    write_bag(SimulatedSequence(frames=6, size=(320, 240), rate=5.0), path)
    return path
