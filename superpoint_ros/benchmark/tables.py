"""The benchmark for people: tables and the ratios that matter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from superpoint_ros.benchmark import alone, nearest, nodes
from superpoint_ros.benchmark.contenders import PLAIN
from superpoint_ros.benchmark.result import BenchmarkResult, Measurement, compare
from superpoint_ros.benchmark.run import FULL, KEYPOINTS, MODEL, SIZE
from superpoint_ros.benchmark.stages import BESIDE, NETWORK, STAGES_OF
from superpoint_ros.evaluation.tables import Row, figure

NONE = "–"


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names, the others are figures."""

    title: str
    header: Row
    rows: list[Row]


def tables(result: BenchmarkResult) -> list[Table]:
    """One per kind of measurement that was made."""
    size = f"{SIZE[0]}x{SIZE[1]}"
    made = [
        Table("Ratios within this run", ("", "wall clock", "CPU time", "aim"), ratio_rows(result)),
        _grid(f"Extraction, {KEYPOINTS} keypoints at most [ms]", result.select("size"), lambda m: f"{m.width}x{m.height}"),
        _grid(f"Extraction at {size} [ms]", result.select("keypoints"), lambda m: f"{m.keypoints} keypoints"),
        *(
            _grid(
                f"Stages of an extraction on {backend} [ms]",
                result.select(STAGES_OF + backend),
                lambda m: f"{m.width}x{m.height}",
            )
            for backend in _backends(result)
        ),
        _grid(f"Extraction with the {FULL} network at {size} [ms]", result.select(FULL), lambda m: "median"),
        _grid(f"The network alone at {size} [ms]", result.select("network"), lambda m: "median"),
        _grid("Mutual nearest neighbours [ms]", result.select(nearest.GROUP), lambda m: f"{m.keypoints} × {m.width}"),
        _grid(f"Front end, {KEYPOINTS} keypoints at {size} [ms]", result.select("front end"), lambda m: "median"),
        _grid(f"Alone in a process, {size} [ms]", result.select(alone.GROUP), lambda m: f"{m.threads} thread(s)"),
        Table("Memory at its largest [MB]", ("", "median"), _memory_rows(result)),
        _grid(f"Through DDS, {size} [ms]", result.select(nodes.GROUP), lambda m: "median"),
        Table(f"A camera that is too fast, through DDS, {size}", _FLOOD_HEADER, _flood_rows(result)),
    ]
    return [table for table in made if table.rows]


def ratio_rows(result: BenchmarkResult) -> list[Row]:
    """What was compared, how it came out, and what it should be. Only ratios of one run mean anything on a busy computer."""
    ours = _fastest(result.select("size", width=SIZE[0], height=SIZE[1]), MODEL)
    backend = ours.name.partition(", ")[2] if ours else ""
    stages = result.select(STAGES_OF + backend, width=SIZE[0], height=SIZE[1])
    by_name = {m.name: m.timing.median_ms for m in stages}
    beside = sum(by_name.get(name, math.nan) for name in BESIDE)
    alone = _only(result.select("network", name=f"{MODEL}, {backend}"))
    best, trained = _fastest(result.select("network"), FULL), _fastest(result.select(FULL), FULL)
    pair = [result.select(nearest.GROUP, name=name, width=256, keypoints=KEYPOINTS) for name in (nearest.OPENCV, nearest.OURS)]
    small = _fastest(result.select("size", width=320, height=240), MODEL)
    rows = [
        (f"XFeat / {MODEL} on {backend}", *_over(_at(result, "xfeat"), ours), "≥ 2"),
        (f"SIFT / {MODEL} on {backend}", *_over(_at(result, "sift"), ours), "> 1"),
        (f"ORB / {MODEL} on {backend}", *_over(_at(result, "orb"), ours), ""),
        *(
            row
            for name, where, aim in ((PLAIN, "in plain PyTorch", "≥ 2"), ("torch", "on torch", ""))
            for row in (
                (f"{MODEL} {where} / on {backend}", *_over(_at(result, f"{MODEL}, {name}"), ours), ""),
                (f"{FULL} {where} / fastest", *_over(_only(result.select(FULL, name=f"{FULL}, {name}")), trained), aim),
                (
                    f"{FULL} network alone {where} / fastest",
                    *_over(_only(result.select("network", name=f"{FULL}, {name}")), best),
                    "",
                ),
            )
        ),
        (
            "all stages beside the network / network",
            figure(beside / by_name.get(NETWORK, math.nan)),
            figure(beside / alone.timing.cpu_ms) if alone else NONE,  # they have one thread, so both times are the same
            "≤ 0.15",
        ),
        (f"OpenCV brute force / match, {KEYPOINTS} × 256", *_over(*map(_only, pair)), "≥ 6"),
        (f"{MODEL} at 320x240 [frames/s]", figure(1e3 / small.timing.median_ms) if small else NONE, "", "≥ 60"),
        *(
            (
                f"{node}, received after publish, less its own work [ms]",
                figure(result.median(nodes.GROUP, name=f"{node}, {nodes.ON_TOP}")),
                "",
                aim,
            )
            for node, aim in (("superpoint_node", "≤ 6"), ("frontend_node", "≤ 3"))
        ),
    ]
    return [row for row in rows if row[1] != NONE]


def comparison(old: BenchmarkResult, new: BenchmarkResult) -> Table:
    """Old time / new time of all that both measured."""
    rows: list[Row] = [
        (_describe(m), figure(m.timing.median_ms * ratio), figure(m.timing.median_ms), f"{ratio:.2f}")
        for m, ratio in compare(old, new)
    ]
    return Table("Against the old run; ratios above 1 are faster now", ("", "old [ms]", "new [ms]", "ratio"), rows)


def _grid(title: str, found: list[Measurement], column: Callable[[Measurement], str]) -> Table:
    """Names as rows, what varies as columns, medians with the 10th and 90th percentile in the cells."""
    columns = list(dict.fromkeys(column(m) for m in found))
    names = list(dict.fromkeys(m.name for m in found))
    cells = {(m.name, column(m)): _cell(m) for m in found}
    rows = [(name, *(cells.get((name, one), NONE) for one in columns)) for name in names]
    return Table(title, ("median (10 % – 90 %)", *columns), rows)


def _cell(m: Measurement) -> str:
    timing = m.timing
    return f"{figure(timing.median_ms)} ({figure(timing.p10_ms, 2)}–{figure(timing.p90_ms, 2)})"


def _memory_rows(result: BenchmarkResult) -> list[Row]:
    found = result.select(alone.GROUP, threads=result.machine["cores"])
    return [(m.name, figure(m.peak_mb, 0)) for m in found if m.peak_mb > 0]


_FLOOD_HEADER = ("", "images/s", "median [ms]", "p99 [ms]", "p99 / median", "published", "answered", "dropped", "lost on the way")


def _flood_rows(result: BenchmarkResult) -> list[Row]:
    rows: list[Row] = []
    for node in nodes.TOPICS:
        for m in result.select(nodes.FLOOD, name=f"{node}, {nodes.LATENCY}"):
            median = m.timing.median_ms
            p99, period = (result.median(nodes.FLOOD, name=f"{node}, {name}") for name in (nodes.P99, nodes.PERIOD))
            times = (figure(1e3 / period), figure(median), figure(p99), figure(p99 / median))
            rows.append((node, *times, *map(str, (m.published, m.found, m.dropped, m.lost))))
    return rows


def _backends(result: BenchmarkResult) -> list[str]:
    groups = dict.fromkeys(m.group for m in result.measurements if m.group.startswith(STAGES_OF))
    return [group.removeprefix(STAGES_OF) for group in groups]


def _fastest(found: Iterable[Measurement], model: str) -> Measurement | None:
    ours = [m for m in found if m.name.startswith(model)]
    return min(ours, key=lambda m: m.timing.median_ms, default=None)


def _at(result: BenchmarkResult, name: str) -> Measurement | None:
    return _only(result.select("size", name=name, width=SIZE[0], height=SIZE[1]))


def _only(found: list[Measurement]) -> Measurement | None:
    return found[0] if found else None


def _over(slow: Measurement | None, fast: Measurement | None) -> tuple[str, str]:
    """Ratio of wall clock, and of CPU time."""
    if slow is None or fast is None:
        return NONE, NONE
    return figure(slow.timing.median_ms / fast.timing.median_ms), figure(slow.timing.cpu_ms / fast.timing.cpu_ms)


def _describe(m: Measurement) -> str:
    size = f" {m.width}x{m.height}" if m.height else f" {m.width}-D" if m.width else ""
    keypoints = f", {m.keypoints} keypoints" if m.keypoints else ""
    threads = f", {m.threads} thread(s)" if m.threads else ""
    return f"{m.group}: {m.name}{size}{keypoints}{threads}"


def machine_line(result: BenchmarkResult) -> str:
    """On what this was measured."""
    m = result.machine
    libraries = ", ".join(f"{name} {found}" for name, found in m["libraries"].items())
    return (
        f"{m['processor']}, {m['cores']} cores, load {m['load_average']}; Python {m['python']}, {libraries}; "
        f"{m['revision'] or m['superpoint_ros']}"
    )
