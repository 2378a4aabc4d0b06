"""The folder that an evaluation leaves behind: config.yaml, results.csv, summary.json and report.html.

``config.yaml`` is written last and removed first, so that a folder that has one is complete.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.evaluation.run_report import DrawPair, make_run_report
from superpoint_ros.evaluation.summary import FeatureSummary, as_json, summarize_run, unique

CONFIG, RESULTS, SUMMARY, REPORT = "config.yaml", "results.csv", "summary.json", "report.html"
FORMAT = 2
_COLUMNS = ("features", "pair", "group", "scene", "seed", "excluded", "error")


def write_run(run: Run, folder: Path, draw: DrawPair | None = None) -> tuple[FeatureSummary, ...]:
    """Write the folder and return the figures; other files in it stay. draw: for the report; None leaves the pictures out.

    Raises DataError where it cannot be written.
    """
    settings = {
        "format": FORMAT,
        "protocol": run.protocol,
        "rows": len(run.rows),
        "settings": _plain(run.settings),
        "metrics": [asdict(metric) for metric in run.metrics],
    }
    summaries = summarize_run(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).unlink(missing_ok=True)
        write_text(folder / RESULTS, _rows_to_csv(run))
        write_text(folder / SUMMARY, json.dumps(as_json(run, summaries), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        make_run_report(run, summaries, draw).write(folder / REPORT)
        write_text(folder / CONFIG, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    except OSError as error:
        raise DataError(f"cannot write results to {folder}: {error.strerror}") from error
    return summaries


def read_run(folder: Path) -> Run:
    """What `write_run` wrote, exactly. Raises DataError for anything else, damaged or incomplete."""
    config = _read_config(folder)
    try:
        metrics = tuple(Metric(**metric) for metric in config["metrics"])
        protocol, count, settings = str(config["protocol"]), int(config["rows"]), dict(config["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / CONFIG} lacks a setting or has an unknown one: {error}") from error
    rows = _read_rows(folder / RESULTS)
    if len(rows) != count:
        raise DataError(f"{folder / RESULTS} has {len(rows)} of {count} rows: it was cut off or edited; evaluate again")
    return Run(protocol, settings, rows, metrics)


def write_text(path: Path, text: str) -> None:
    """All of it or nothing: an interrupted write leaves the old file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="")
    partial.replace(path)


def _rows_to_csv(run: Run) -> str:
    names = unique(name for row in run.rows for name in row.figures)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *names])
    for row in run.rows:
        figures = [repr(float(row.figures[name])) if name in row.figures else "" for name in names]
        writer.writerow([row.features, row.pair, row.group, row.scene, row.seed, int(row.excluded), row.error, *figures])
    return text.getvalue()


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        unfinished = f"; it has {RESULTS}: an evaluation was interrupted there" if (folder / RESULTS).exists() else ""
        raise DataError(f"{folder} is no folder of results: it has no {CONFIG}{unfinished}") from error
    except OSError as error:
        raise DataError(f"cannot read {folder / CONFIG}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{folder / CONFIG} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict) or "format" not in config or "metrics" not in config:
        raise DataError(f"{folder} is no folder of results: its {CONFIG} is of something else")
    if config["format"] != FORMAT:
        raise DataError(f"{folder} has results of format {config['format']!r}, this version reads {FORMAT}; evaluate again")
    return config


def _read_rows(path: Path) -> tuple[ResultRow, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    if not lines or tuple(lines[0][: len(_COLUMNS)]) != _COLUMNS:
        raise DataError(f"{path} must start with the columns {', '.join(_COLUMNS)}")
    header = lines[0]
    rows: dict[tuple[str, str, int], ResultRow] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header):
            raise DataError(f"{path} row {number} has {len(cells)} of {len(header)} cells: it was cut off or edited")
        features, pair, group, scene, seed, excluded, failure, *values = cells
        try:
            figures = _figures(header[len(_COLUMNS) :], values)
            row = ResultRow(features, pair, group, int(seed), failure, figures, scene, bool(int(excluded)))
        except ValueError as error:
            raise DataError(f"{path} row {number}: {error}") from error
        if rows.setdefault((features, pair, row.seed), row) is not row:
            raise DataError(f"{path} row {number} repeats {features}, {pair}, seed {seed}")
    return tuple(rows.values())


def _figures(names: list[str], cells: list[str]) -> dict[str, float]:
    return {name: float(cell) for name, cell in zip(names, cells, strict=True) if cell}


def _plain(value: Any) -> Any:
    """What YAML can hold: tuples become lists, paths and other objects their text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return float(value)
    return str(value)
