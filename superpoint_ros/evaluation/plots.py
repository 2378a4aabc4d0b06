"""Figures of a report as SVG text that takes its fonts from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from superpoint_ros.types import DoubleArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, INK = "#2563eb", "#ea7317", "#16915c", "#9aa3b2", "#1f2937"
SERIES = (BLUE, ORANGE, GREEN, "#9333ea", "#c93434", "#0e9aa7", "#8d6e63", GREY)
"""Colours of lines that share a drawing, in this order."""
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": "#c7cdd8",
    "xtick.color": "#5b6472", "ytick.color": "#5b6472", "xtick.labelsize": 9, "ytick.labelsize": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e8ebf0",
    "grid.linewidth": 0.8, "lines.linewidth": 1.6, "svg.fonttype": "none", "svg.hashsalt": "superpoint_ros",
}  # fmt: skip


def trajectory(estimated: DoubleArray, truth: DoubleArray | None, unit: str = "m") -> str:
    """Positions (N, 3) seen along the axis that the camera moved least on; truth is drawn below the estimate."""
    shown = truth if truth is not None else estimated
    first, second = sorted(np.argsort(np.ptp(shown, axis=0))[1:])
    figure, (axes,) = _figure(1, (5.6, 4.3))
    if truth is not None:
        axes.plot(truth[:, first], truth[:, second], color=GREY, linewidth=4.0, label="ground truth", solid_capstyle="round")
    axes.plot(estimated[:, first], estimated[:, second], color=BLUE, label="estimate")
    axes.plot(*estimated[0, [first, second]], "o", color=BLUE, markersize=6, label="start")
    axes.set_xlabel(f"{'xyz'[first]} [{unit}]")
    axes.set_ylabel(f"{'xyz'[second]} [{unit}]")
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08)
    _legend_above(axes)
    return _svg(figure)


def errors_over_time(time: ArrayLike, errors: Mapping[str, ArrayLike], limits: Mapping[str, float] | None = None) -> str:
    """One panel per kind of error in degrees, below each other; the median as a line, a limit (if given) dashed."""
    figure, panels = _figure(len(errors), (5.6, 0.5 + 1.9 * len(errors)))
    for axes, (name, values), colour in zip(panels, errors.items(), (BLUE, ORANGE), strict=False):
        numbers = np.asarray(values, np.float64)
        axes.plot(time, numbers, ".", color=colour, markersize=5)
        if np.isfinite(numbers).any():
            median = float(np.nanmedian(numbers))
            axes.axhline(median, color=colour, linewidth=1.2, label=f"median {median:.3g}°")
            # One lost pair must not flatten all others; what is above stays visible as a count.
            top = 1.3 * max(float(np.nanquantile(numbers, 0.97)), (limits or {}).get(name, 0.0), median, 1e-3)
            axes.set_ylim(0, top)
            above = int((numbers > top).sum())
            if above:
                axes.plot([], [], " ", label=f"{above} above the axis")
        if limits and name in limits:
            axes.axhline(
                limits[name], color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label=f"limit for the median {limits[name]:g}°"
            )
        axes.set_ylabel(f"{name} [deg]")
        _legend_above(axes)
    panels[-1].set_xlabel("time [s]")
    return _svg(figure)


def counts_over_time(time: ArrayLike, counts: Mapping[str, ArrayLike]) -> str:
    """Keypoints, matches, inliers: one line each, from 0."""
    figure, (axes,) = _figure(1, (5.6, 2.7))
    for (name, values), colour in zip(counts.items(), (GREY, BLUE, GREEN), strict=False):
        axes.plot(time, np.asarray(values, np.float64), color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("time [s]")
    axes.set_ylabel("count")
    _legend_above(axes)
    return _svg(figure)


def curves(series: Mapping[str, tuple[ArrayLike, ArrayLike]], x: str, y: str, markers: bool = False) -> str:
    """Shares in [0, 1], drawn in percent, over a threshold: one line each, with (x values, shares). markers: a dot at each."""
    figure, (axes,) = _figure(1, (5.6, 3.9))
    for index, (name, (at, shares)) in enumerate(series.items()):
        colour, style = SERIES[index % len(SERIES)], ("-", (0, (5, 2)), (0, (1, 1.5)))[index // len(SERIES) % 3]
        percent = 100.0 * np.asarray(shares, np.float64)
        axes.plot(at, percent, color=colour, linestyle=style, marker="o" if markers else "", markersize=3.5, label=name)
    axes.set_ylim(0, 100)
    axes.set_xlim(left=0)
    axes.margins(x=0.01)
    axes.set_xlabel(x)
    axes.set_ylabel(f"{y} [%]")
    _legend_above(axes)
    return _svg(figure)


def intervals(names: Sequence[str], spans: Sequence[tuple[float, float, float]], x: str) -> str:
    """A line per name, the first on top, with its (value, low, high), and a line at 0. An interval may be NaN."""
    figure, (axes,) = _figure(1, (5.6, 0.9 + 0.27 * len(names)))
    value, low, high = np.array(spans, np.float64).T
    axes.axvline(0.0, color=INK, linewidth=1.0)
    errors = np.nan_to_num([value - low, high - value])
    axes.errorbar(value, range(len(names)), xerr=errors, fmt="o", markersize=5, linewidth=2.0, color=BLUE)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(x)
    return _svg(figure)


def histograms(series: Mapping[str, ArrayLike], unit: str = "ms", bins: int = 30) -> str:
    """Histograms that share their bins, with the medians in the legend; values above the 99th percentile are in the last bin."""
    figure, (axes,) = _figure(1, (5.6, 2.7))
    everything = np.concatenate([np.asarray(values, np.float64) for values in series.values()])
    edges = np.linspace(0.0, float(np.quantile(everything, 0.99)) * 1.02 or 1.0, bins + 1)
    for (name, values), colour in zip(series.items(), (BLUE, ORANGE, GREEN), strict=False):
        numbers = np.asarray(values, np.float64)
        label = f"{name}: median {np.median(numbers):.0f} {unit}"
        shown = np.minimum(numbers, edges[-1])
        axes.hist(shown, edges.tolist(), color=colour, alpha=0.55, edgecolor="white", linewidth=0.6, label=label)
    axes.set_xlabel(unit)
    axes.set_ylabel("frames")
    _legend_above(axes)
    return _svg(figure)


def costs(curves: Mapping[str, tuple[ArrayLike, ArrayLike]], x_label: str, y_label: str) -> str:
    """One line per name, both axes from 0: a cost in proportion to x is a straight line through the corner."""
    figure, (axes,) = _figure(1, (5.6, 3.4))
    for (name, (x, y)), colour in zip(curves.items(), cycle((BLUE, ORANGE, GREEN, GREY, INK)), strict=False):
        axes.plot(x, y, ".-", color=colour, markersize=8, label=name)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    _legend_above(axes)
    return _svg(figure)


def _figure(panels: int, size: tuple[float, float]) -> tuple[Figure, Sequence[Axes]]:
    # A Figure of its own, not pyplot: no global state, no window system, safe in any thread.
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, [figure.add_subplot(panels, 1, i + 1) for i in range(panels)]


def _legend_above(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles,
        labels,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=9,
        borderaxespad=0.0,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _svg(figure: Any) -> str:
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    # The page scales the figure: its width in points would be a fixed size.
    return re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
