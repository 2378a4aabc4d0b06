"""Where images come from and under which licence: the table that follows them from photos to labels to weights."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.training.files import write_atomically

MANIFEST = "MANIFEST.tsv"
"""In a folder of photos: tab-separated, with at least the columns ``file``, ``kind``, ``licence`` and ``note``."""
SOURCES = "SOURCES.tsv"
"""In a folder of labels, and of a run: a row for each image, with the columns below."""

COLUMNS = ("file", "kind", "source", "original_path", "licence", "copyright", "licence_read_in", "note")
UNKNOWN = "not stated"

Source = Mapping[str, str]
"""A row of one of these tables, by column."""


def read_table(path: Path) -> list[Source]:
    """The rows of a tab-separated table with a header. Raises DataError where it cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path} ({reason}): it must name each image and its licence") from error


def write_sources(folder: Path, sources: Iterable[Source]) -> None:
    """Write the table of a folder; rows for files that it had already are replaced, others stay."""
    path = folder / SOURCES
    rows = {row["file"]: row for row in [*(read_table(path) if path.exists() else []), *sources]}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"licence": UNKNOWN, **rows[name]} for name in sorted(rows))
    write_atomically(path, text.getvalue().encode())


def read_sources(folder: Path, files: Sequence[str]) -> list[Source]:
    """The rows for these files of a folder's table, in their order; of unknown licence where it has none."""
    path = folder / SOURCES
    rows = {Path(row["file"]).stem: row for row in (read_table(path) if path.exists() else [])}
    return [rows.get(Path(file).stem, {"file": file, "licence": UNKNOWN}) for file in files]


def licence_counts(sources: Iterable[Source]) -> dict[str, int]:
    """How many images there are of each licence, most first."""
    return dict(Counter(source.get("licence") or UNKNOWN for source in sources).most_common())


def licence_summary(sources: Sequence[Source]) -> str:
    """One line for the metadata of weights."""
    counts = ", ".join(f"{count} {licence}" for licence, count in licence_counts(sources).items())
    return f"{len(sources)} images ({counts}); {SOURCES} of the run folder has the attributions"
