"""A comparison for people: rows for the terminal, and a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from superpoint_ros.evaluation import plots
from superpoint_ros.evaluation.comparison import MAY_DIFFER, Comparison, Contender, common_groups, compare_runs, only_group
from superpoint_ros.evaluation.confidence import Estimate
from superpoint_ros.evaluation.report import Cell, Fact, Plot, Report, Table
from superpoint_ros.evaluation.result import Metric, Run
from superpoint_ros.evaluation.run_report import settings_line
from superpoint_ros.evaluation.summary import heading, value_text
from superpoint_ros.evaluation.tables import figure

NOTE = (
    "Small figures: difference from the baseline on the same pairs and seeds, with its 95 % bootstrap interval over scenes and "
    "the pairs of each. "
    "Bold green is better and red is worse than the baseline where that interval excludes 0."
)


def difference_text(metric: Metric, value: float) -> str:
    """Signed; shares in percentage points."""
    if not math.isfinite(value):
        return "–"
    return ("−" if value < 0.0 else "+") + (figure(abs(value), 2) if metric.unit else f"{100.0 * abs(value):.1f}")


def difference_interval(metric: Metric, found: Estimate) -> str:
    """Empty where there are too few pairs for one."""
    if math.isnan(found.low):
        return ""
    return f"[{difference_text(metric, found.low)}, {difference_text(metric, found.high)}]"


def verdict(metric: Metric, found: Estimate | None) -> str:
    """``best`` or ``worse`` where the interval excludes 0, else empty."""
    if found is None or metric.higher_is_better is None or not (found.low > 0.0 or found.high < 0.0):
        return ""
    return "best" if (found.low > 0.0) == metric.higher_is_better else "worse"


def comparison_tables(comparison: Comparison) -> Iterator[Table]:
    """A table for each kind of features that has a baseline, with a row per metric; narrow enough for a terminal."""
    figures = {contender.name: contender.figures for contender in comparison.contenders}
    for contender in comparison.contenders:
        if contender.baseline:
            rows = [
                (
                    heading(metric),
                    value_text(metric, figures[contender.baseline][metric.name].value),
                    value_text(metric, contender.figures[metric.name].value),
                    difference_text(metric, contender.differences[metric.name].value),
                    difference_interval(metric, contender.differences[metric.name]),
                    {"best": "better", "worse": "worse", "": ""}[verdict(metric, contender.differences[metric.name])],
                )
                for metric in comparison.metrics
            ]
            title = f"{contender.name} against {contender.baseline}"
            yield Table(title, ("", "baseline", "value", "difference", "95 % interval", ""), rows)


def make_comparison_report(runs: Mapping[str, Run], comparison: Comparison) -> Report:
    """The page about `compare_runs` of these runs, with a table per group."""
    groups = {group: compare_runs(only_group(runs, group)) for group in common_groups(runs)}
    return Report(
        title=f"{comparison.protocol}: {' and '.join(runs)}",
        subtitle=settings_line(next(iter(runs.values())).settings, MAY_DIFFER),
        facts=[
            Fact("Pairs in common", str(comparison.pairs), f"{comparison.seeds} seeds" if comparison.seeds > 1 else "one seed"),
            Fact(
                "Left out", str(comparison.left_out), "evaluations that not all have", good=None if comparison.left_out else True
            ),
        ],
        lead=[_table(comparison, "All pairs")],
        plots=list(_plots(comparison)),
        tables=[_table(found, group) for group, found in groups.items()],
        command="\n".join(str(run.settings["command"]) for run in runs.values() if "command" in run.settings),
    )


def _table(comparison: Comparison, title: str) -> Table:
    """Metrics down and contenders across: there are often more metrics than a page is wide."""
    header = ["", *(contender.name for contender in comparison.contenders)]
    baselines = [Cell("compared with"), *(Cell("", contender.baseline) for contender in comparison.contenders)]
    rows: list[list[str | Cell]] = [
        [heading(metric), *(_cell(metric, contender) for contender in comparison.contenders)] for metric in comparison.metrics
    ]
    return Table(title, header, [[*baselines], *rows], NOTE, wide=True)


def _cell(metric: Metric, contender: Contender) -> Cell:
    value, found = value_text(metric, contender.figures[metric.name].value), contender.differences.get(metric.name)
    if found is None:
        return Cell(value)
    return Cell(value, f"{difference_text(metric, found.value)}\n{difference_interval(metric, found)}", verdict(metric, found))


def _plots(comparison: Comparison) -> Iterator[Plot]:
    shares = [metric for metric in comparison.metrics if not metric.unit]
    for contender in comparison.contenders:
        if contender.baseline and shares:
            found = [contender.differences[metric.name] for metric in shares]
            spans = [(100.0 * one.value, 100.0 * one.low, 100.0 * one.high) for one in found]
            svg = plots.intervals([metric.label for metric in shares], spans, "difference in percentage points")
            caption = "With 95 % intervals. Right of 0 is better than the baseline."
            yield Plot(f"{contender.name} against {contender.baseline}", svg, caption)
