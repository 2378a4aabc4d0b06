"""Cost against pixels and against keypoints, as SVG files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from superpoint_ros.benchmark.result import BenchmarkResult, Measurement
from superpoint_ros.benchmark.run import KEYPOINTS, SIZE
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation import plots

PIXELS, KEYPOINT_COUNTS = "cost_against_pixels.svg", "cost_against_keypoints.svg"


def write_pictures(result: BenchmarkResult, folder: Path) -> list[Path]:
    """Into a folder, which is made; returns the files. Raises DataError where that is not possible."""
    size = f"{SIZE[0]}x{SIZE[1]}"
    pictures = {
        PIXELS: _costs(result.select("size"), lambda m: m.width * m.height / 1e6, f"megapixels, {KEYPOINTS} keypoints at most"),
        KEYPOINT_COUNTS: _costs(result.select("keypoints"), lambda m: float(m.found), f"keypoints found, {size}"),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, svg in pictures.items():
            (folder / name).write_text(svg, encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write the plots into {folder}: {error.strerror}") from error
    return [folder / name for name in pictures]


def _costs(found: list[Measurement], x: Callable[[Measurement], float], label: str) -> str:
    names = dict.fromkeys(m.name for m in found)
    curves = {
        name: ([x(m) for m in found if m.name == name], [m.timing.median_ms for m in found if m.name == name]) for name in names
    }
    return plots.costs(curves, label, "milliseconds")
