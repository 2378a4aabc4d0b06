"""Licences follow the images."""

import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.training.sources import licence_counts, licence_summary, read_sources, read_table, write_sources

ROWS = [
    {"file": "a.png", "licence": "MIT", "copyright": "Ann", "metrics": "dropped"},
    {"file": "b.png", "licence": "CC0-1.0"},
    {"file": "c.png"},
]


def test_rows_are_kept_replaced_and_counted(tmp_path):
    write_sources(tmp_path, ROWS)
    write_sources(tmp_path, [{"file": "b.png", "licence": "MIT"}])
    found = read_sources(tmp_path, ["c.npz", "b.npz", "a.npz", "unknown.npz"])
    assert [row["licence"] for row in found] == ["not stated", "MIT", "MIT", "not stated"]
    assert found[2]["copyright"] == "Ann"
    assert licence_counts(found) == {"not stated": 2, "MIT": 2}
    assert licence_summary(found[1:3]).startswith("2 images (2 MIT);")


def test_labels_without_a_table_are_of_unknown_licence(tmp_path):
    assert licence_counts(read_sources(tmp_path, ["a.npz"])) == {"not stated": 1}


def test_table_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "MANIFEST.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"MANIFEST\.tsv"):
        read_table(tmp_path / "MANIFEST.tsv")
