"""Files that are whole or not there, on a disk that is full, and cut off where a run goes on."""

import resource
from contextlib import contextmanager

import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.training.files import write_atomically
from superpoint_ros.training.run_folder import FigureFile


@contextmanager
def no_file_larger_than(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_keeps_what_was_there(tmp_path):
    path = tmp_path / "checkpoint.pt"
    write_atomically(path, b"old")
    with no_file_larger_than(1000), pytest.raises(DataError, match=r"cannot write .*checkpoint.pt \(File too large\)"):
        write_atomically(path, bytes(5000))
    assert path.read_bytes() == b"old"
    write_atomically(path, bytes(5000))
    assert path.read_bytes() == bytes(5000)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def write(path, steps, start=0):
    file = FigureFile(path, start)
    for step in steps:
        file.write(step, {"loss": 1.0 / step, "other": 0.5})
    file.sync()


def test_rows_after_the_checkpoint_are_cut_off(tmp_path):
    path, whole = tmp_path / "log.csv", tmp_path / "whole.csv"
    write(whole, [10, 20, 30, 40])
    write(path, [10, 20, 30])
    path.write_text(path.read_text() + "40,0.02")
    write(path, [30, 40], start=20)
    assert path.read_bytes() == whole.read_bytes()
    write(path, [10], start=0)
    assert path.read_text().splitlines() == ["step,loss,other", "10,0.1,0.5"]


def test_row_cut_in_half_is_no_row(tmp_path):
    path = tmp_path / "log.csv"
    write(path, [10])
    path.write_text(path.read_text() + "20,0.0")
    write(path, [], start=20)
    assert path.read_text().splitlines() == ["step,loss,other", "10,0.1,0.5"]
