"""What a benchmark measured, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from superpoint_ros.benchmark.timing import Timing
from superpoint_ros.errors import DataError


@dataclass(frozen=True)
class Measurement:
    """One figure. group: what kind; name: of what. threads: that it was given, 0: left alone.

    found: keypoints, matches or the like that came out. peak_mb: memory of the process at its largest, above that of Python
    with NumPy and OpenCV; 0 where it was not measured. published: images that a node was sent in all, of which so many were
    ``dropped`` by it and ``lost`` on the way to it; found: that it answered.
    """

    group: str
    name: str
    timing: Timing
    width: int = 0
    height: int = 0
    keypoints: int = 0
    threads: int = 0
    found: int = 0
    peak_mb: float = 0.0
    published: int = 0
    dropped: int = 0
    lost: int = 0

    @property
    def key(self) -> tuple[str | int, ...]:
        """What makes it the same measurement in another run."""
        return (self.group, self.name, self.width, self.height, self.keypoints, self.threads)


@dataclass(frozen=True)
class BenchmarkResult:
    """Everything that one run measured. machine: see ``describe_machine``."""

    machine: dict[str, Any]
    measurements: tuple[Measurement, ...]

    def select(self, group: str, **wanted: Any) -> list[Measurement]:
        """The measurements of a group that have these values."""
        return [m for m in self.measurements if m.group == group and all(getattr(m, k) == v for k, v in wanted.items())]

    def median(self, group: str, **wanted: Any) -> float:
        """Median in milliseconds of the only such measurement; NaN without one."""
        found = self.select(group, **wanted)
        return found[0].timing.median_ms if len(found) == 1 else float("nan")

    def write(self, path: Path) -> None:
        """As JSON. Raises DataError where that is not possible."""
        values = {"machine": self.machine, "measurements": [_flat(measurement) for measurement in self.measurements]}
        try:
            path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror}") from error

    @staticmethod
    def read(path: Path) -> BenchmarkResult:
        """What ``write`` wrote. Raises DataError."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return BenchmarkResult(dict(values["machine"]), tuple(_nested(row) for row in values["measurements"]))
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not what superpoint-ros benchmark --json writes ({error})") from error


def compare(old: BenchmarkResult, new: BenchmarkResult) -> list[tuple[Measurement, float]]:
    """Measurements that both runs have, and old time / new time: above 1 is faster now."""
    before: dict[tuple[str | int, ...], float] = {m.key: m.timing.median_ms for m in old.measurements}
    return [(m, before[m.key] / m.timing.median_ms) for m in new.measurements if m.key in before and m.timing.median_ms > 0.0]


def _flat(measurement: Measurement) -> dict[str, Any]:
    values = asdict(measurement)
    timing: dict[str, Any] = values.pop("timing")
    return values | {name: round(value, 4) for name, value in timing.items()}


def _nested(row: dict[str, Any]) -> Measurement:
    names: Sequence[str] = [field.name for field in fields(Timing)]
    return Measurement(timing=Timing(**{name: row[name] for name in names}), **{k: v for k, v in row.items() if k not in names})
