"""Figures as Markdown, for pages that are kept beside the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from superpoint_ros.evaluation.confidence import Estimate
from superpoint_ros.evaluation.result import Metric, Run
from superpoint_ros.evaluation.run_report import PROVENANCE, settings_line
from superpoint_ros.evaluation.summary import FeatureSummary, best, heading, subject, summarize_run, unique, value_text


def markdown_section(title: str, command: str, run: Run) -> str:
    """A heading, the settings, the command, a table of all figures, and a table by group where there are several groups.

    By group there is the AUC up to the largest threshold, or else the first figure.
    """
    summaries = summarize_run(run)
    everything = [summary for summary in summaries if not summary.group]
    pairs, seeds = len({row.pair for row in run.counted}), len({row.seed for row in run.rows})
    failed = sum(row.failed for row in run.rows)
    counts = (
        f"{pairs} {subject(run)}"
        + (f", {seeds} seeds" if seeds > 1 else "")
        + (f", {failed} of {len(run.counted)} failed" if failed else "")
        + (f", {run.excluded} more excluded" if run.excluded else "")
    )
    parts = [
        f"## {title}",
        f"{counts}. {settings_line(run.settings, PROVENANCE | {'features', 'seeds'})}",
        f"```\n{command}\n```",
        "\n".join(_figures(run.metrics, everything)),
    ]
    groups = unique(summary.group for summary in summaries if summary.group)
    if groups and run.metrics:
        headline = max((metric for metric in run.metrics if metric.kind == "auc"), key=_threshold, default=run.metrics[0])
        parts.append("\n".join(_by_group(headline, [summary for summary in summaries if summary.group], groups)))
    return "\n\n".join(parts) + "\n"


def _threshold(metric: Metric) -> float:
    return metric.threshold


def _figures(metrics: Sequence[Metric], summaries: Sequence[FeatureSummary]) -> Iterator[str]:
    """Metrics down and features across, as there are more metrics than features."""
    yield from _head("", [summary.features for summary in summaries])
    for metric in metrics:
        winners = best(metric, summaries)
        yield _line(heading(metric), [_cell(metric, s.figures[metric.name], s.features in winners) for s in summaries])


def _by_group(metric: Metric, summaries: Sequence[FeatureSummary], groups: Sequence[str]) -> Iterator[str]:
    features = unique(summary.features for summary in summaries)
    yield from _head(heading(metric), features)
    for group in groups:
        members = {summary.features: summary for summary in summaries if summary.group == group}
        winners = best(metric, list(members.values()))
        cells = [
            _cell(metric, members[name].figures[metric.name], name in winners) if name in members else "" for name in features
        ]
        yield _line(group, cells)


def _cell(metric: Metric, found: Estimate, is_best: bool) -> str:
    value = value_text(metric, found.value)
    bold = f"**{value}**" if is_best else value
    interval = "" if found.low != found.low else f" <sub>{value_text(metric, found.low)}–{value_text(metric, found.high)}</sub>"
    return bold + interval


def _head(first: str, names: Sequence[str]) -> Iterator[str]:
    yield _line(first, names)
    yield "|---" + "|--:" * len(names) + "|"


def _line(first: str, cells: Sequence[str]) -> str:
    return "| " + " | ".join([_escaped(first), *cells]) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
