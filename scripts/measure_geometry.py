"""What settings of the robust estimator cost and give: ``python scripts/measure_geometry.py SEQUENCE… [--gap 1 2 4]``.

A sequence is whatever ``superpoint-ros replay`` reads and that has ground truth. Prints CPU time per pair in milliseconds, pairs
with a valid pose, and the area under the curve of the pose error up to 5, 10 and 20 degrees, for each sequence.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from superpoint_ros.config import GeometryConfig
from superpoint_ros.evaluation.pairs import PairRecord, summarize, true_motion
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.io.sources import open_source
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.matching.two_view import estimate_two_view
from superpoint_ros.types import Camera, Features, Matches, Pose

SETTINGS = {
    "default": GeometryConfig(),
    "confidence 0.99": GeometryConfig(confidence=0.99),
    "confidence 0.9999": GeometryConfig(confidence=0.9999),
    "max_iterations 500": GeometryConfig(max_iterations=500),
    "max_iterations 10000": GeometryConfig(max_iterations=10000),
    "estimator opencv": GeometryConfig(estimator="opencv"),
}


@dataclass(frozen=True)
class Pair:
    """Two images of a sequence, and the true motion between them."""

    stamps: tuple[float, float]
    reference: Features
    current: Features
    matches: Matches
    camera: Camera | None
    truth: Pose


def main() -> None:
    """Extract once, then estimate with each of the settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", type=Path, nargs="+", metavar="SEQUENCE")
    parser.add_argument("--gap", type=int, nargs="+", default=[1, 2, 4], help="compare images that are so many frames apart")
    parser.add_argument("--model", default="small")
    arguments = parser.parse_args()
    superpoint = SuperPoint.load(arguments.model)
    sets = {path.name: pairs(path, arguments.gap, superpoint) for path in arguments.sequences}
    print(f"{'':24}" + "".join(f"{f'{name}, {len(found)} pairs':>42}" for name, found in sets.items()))
    for label, config in SETTINGS.items():
        print(f"{label:24}" + "".join(f"{measure(found, config):>42}" for found in sets.values()), flush=True)


def pairs(path: Path, gaps: list[int], superpoint: SuperPoint) -> list[Pair]:
    """All pairs whose true motion is known."""
    source = open_source(path)
    features = [(frame.stamp, superpoint.extract(frame.image)) for frame in source]
    found = []
    for gap in gaps:
        for (before, a), (now, b) in zip(features, features[gap:]):  # noqa: B905 (the first is longer)
            truth = true_motion(source.ground_truth, before, now)
            if truth is not None:
                found.append(Pair((before, now), a, b, match(a, b), source.camera, truth))
    return found


def measure(found: list[Pair], config: GeometryConfig) -> str:
    """Time, valid pairs, areas."""
    records, milliseconds = [], []
    for pair in found:
        start = time.process_time()
        geometry = estimate_two_view(pair.reference, pair.current, pair.matches, pair.camera, config)
        milliseconds.append(1e3 * (time.process_time() - start))
        records.append(PairRecord(*pair.stamps, len(pair.current), geometry, pair.truth))
    summary = summarize(records)
    areas = " / ".join(f"{100 * area:.1f}" for area in summary.auc or ())
    return f"{np.median(milliseconds):5.1f} ms {summary.valid:4d} valid  {areas}"


if __name__ == "__main__":
    main()
