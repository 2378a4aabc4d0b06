"""The page about one evaluation: tables with intervals, curves, the best and the worst pairs, what failed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from superpoint_ros.evaluation.curves import curves, error_name, error_unit
from superpoint_ros.evaluation.report import Cell, Fact, Picture, Report, Table
from superpoint_ros.evaluation.result import Metric, ResultRow, Run
from superpoint_ros.evaluation.side_by_side import MatchPicture, draw_side_by_side
from superpoint_ros.evaluation.summary import (
    FeatureSummary,
    best,
    heading,
    interval_text,
    spread_text,
    subject,
    unique,
    value_text,
)
from superpoint_ros.evaluation.tables import figure

DrawPair = Callable[[ResultRow], MatchPicture]
"""Both images of a row with its matches; ``inliers`` are the correct ones."""

MAX_COLUMNS = 8
PICTURES = 2
"""Best and worst pairs of each kind of features that are drawn."""
PICTURE_WIDTH = 1100
"""Pixels: twice what the page shows, so that it stays sharp on fine screens."""
PROVENANCE = frozenset({"command", "date", "notes", "revision", "versions"})
"""Settings that tell where the figures come from, not what was measured."""
NOTE = (
    "Small figures: 95 % bootstrap interval over scenes and the pairs of each, and ± the standard deviation over seeds where "
    "there are several. "
    "Bold: the best of its column."
)


def make_run_report(run: Run, summaries: Sequence[FeatureSummary], draw: DrawPair | None = None) -> Report:
    """The page. summaries: of the run; draw: None leaves the pictures out."""
    features = unique(row.features for row in run.rows)
    everything = [summary for summary in summaries if not summary.group]
    groups = unique(summary.group for summary in summaries if summary.group)
    drawings = list(curves(run))
    return Report(
        title=run.protocol,
        subtitle=_origin(run.settings),
        facts=list(_facts(run, everything)),
        lead=list(figure_tables(run, everything, f"All {subject(run)}", NOTE)),
        plots=drawings,
        tables=[
            # Fills the row of an odd drawing.
            Table("What was measured", ("setting", "value"), _settings(run.settings, PROVENANCE), wide=len(drawings) % 2 == 0),
            *(
                table
                for group in groups
                for table in figure_tables(run, [summary for summary in summaries if summary.group == group], group)
            ),
            *_notes(run),
            *_failures(run),
        ],
        pictures=[] if draw is None else [picture for name in features for picture in _pictures(run, name, draw)],
        settings=yaml.safe_dump(dict(run.settings), sort_keys=False, allow_unicode=True),
        command=str(run.settings.get("command", "")),
    )


def settings_line(settings: Mapping[str, Any], without: Container[str] = PROVENANCE) -> str:
    """Every setting of one value in a line, as a figure must not be quoted without them."""
    return " · ".join(f"{name} {text}" for name, text in _settings(settings, without))


def _settings(settings: Mapping[str, Any], without: Container[str]) -> list[tuple[str, str]]:
    shown = ((name.replace("_", " "), short(value)) for name, value in settings.items() if name not in without)
    return [(name, text) for name, text in shown if text]


def short(value: Any) -> str:
    """A setting in a few words; empty for nested ones."""
    if isinstance(value, Mapping):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _facts(run: Run, summaries: Sequence[FeatureSummary]) -> Iterator[Fact]:
    seeds = len({row.seed for row in run.rows})
    pairs, failed = len({row.pair for row in run.counted}), sum(row.failed for row in run.rows)
    yield Fact(subject(run).capitalize(), str(pairs), f"{seeds} seeds each" if seeds > 1 else "one seed")
    yield Fact("Failed", str(failed), f"of {len(run.counted)} evaluations", good=failed == 0)
    if run.excluded:
        yield Fact("Excluded", str(run.excluded), "pairs whose truth contradicts their images", good=False)
    for metric in run.metrics[:3]:
        winners = best(metric, summaries)
        found = next((summary for summary in summaries if summary.features in winners), None)
        if found is not None:
            yield Fact(heading(metric), value_text(metric, found.figures[metric.name].value), f"best: {found.features}")


def figure_tables(run: Run, summaries: Sequence[FeatureSummary], title: str, note: str = "") -> Iterator[Table]:
    """A row per kind of features, a column per metric; several tables where that is more than a page is wide."""
    parts = -(-len(run.metrics) // MAX_COLUMNS)
    for part, metrics in enumerate(np.array_split(np.array(run.metrics, dtype=object), max(parts, 1))):
        winners = {metric.name: best(metric, summaries) for metric in metrics}
        rows = [
            [_name(run, summary), *(_cell(metric, summary, summary.features in winners[metric.name]) for metric in metrics)]
            for summary in summaries
        ]
        name = title if parts == 1 else f"{title} ({part + 1} of {parts})"
        yield Table(name, ["features", *(heading(metric) for metric in metrics)], rows, note if part == 0 else "", wide=True)


def _name(run: Run, summary: FeatureSummary) -> Cell:
    failed = f", {summary.failed} of {summary.rows} failed" if summary.failed else ""
    return Cell(summary.features, f"{summary.pairs} {subject(run)}{failed}")


def _cell(metric: Metric, summary: FeatureSummary, is_best: bool) -> Cell:
    found = summary.figures[metric.name]
    note = " ".join(text for text in (interval_text(metric, found), spread_text(metric, found)) if text)
    return Cell(value_text(metric, found.value), note, "best" if is_best else "")


def _origin(settings: Mapping[str, Any]) -> str:
    """Data, date and revision, as far as they are on record."""
    facts = (short(settings.get("data", "")), short(settings.get("date", ""))[:10], short(settings.get("revision", ""))[:10])
    return " · ".join(fact for fact in facts if fact)


def _notes(run: Run) -> Iterator[Table]:
    if notes := run.settings.get("notes"):
        yield Table("Notes on the data", (), [(str(note),) for note in notes], wide=True)


def _failures(run: Run) -> Iterator[Table]:
    rows = [(row.pair, row.features, str(row.seed), row.error) for row in run.rows if row.failed]
    if rows:
        yield Table("What failed", ("pair", "features", "seed", "why"), rows, wide=True, text_columns=4)


def _pictures(run: Run, features: str, draw: DrawPair) -> Iterator[Picture]:
    """The best pairs, then the worst ones, by the errors that the first AUC is of, or else by the first metric."""
    metrics = sorted(run.metrics, key=lambda metric: metric.kind != "auc")
    first = min((row.seed for row in run.rows), default=0)
    rows = [row for row in run.rows if row.features == features and row.seed == first and not row.error]
    ranked = sorted(rows, key=lambda row: [_badness(metric, row) for metric in metrics])
    shown = min(PICTURES, len(ranked) // 2) or len(ranked)
    for word, chosen in (("best", ranked[:shown]), ("worst", ranked[len(ranked) - shown :][::-1] if len(ranked) > 1 else [])):
        for row in chosen:
            picture = draw(row).shrunk(PICTURE_WIDTH)
            caption = f"{word}: {row.pair}, {_figure_of(metrics[0], row)}. {picture.caption}"
            yield Picture(draw_side_by_side(picture, by_place=False), caption, f"{features}: best and worst pairs", half=True)


def _figure_of(metric: Metric, row: ResultRow) -> str:
    """What the row is ranked by."""
    value, column = float(metric.values([row])[0]), metric.column or metric.name
    if metric.kind in ("share", "auc"):
        name = error_name(column)
        return f"{name} {figure(value)} {error_unit(column)}" if np.isfinite(value) else f"no finite {name}"
    return f"{metric.label} {value_text(metric, value)} {metric.unit or '%'}"


def _badness(metric: Metric, row: ResultRow) -> float:
    value = float(metric.values([row])[0])
    better_is_more = metric.higher_is_better and metric.kind not in ("share", "auc")
    return np.inf if np.isnan(value) else -value if better_is_more else value
