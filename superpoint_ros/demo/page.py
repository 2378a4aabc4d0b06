"""The demo's report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from superpoint_ros.demo.heard import match_pictures
from superpoint_ros.demo.outcome import OWN_DATA, Criteria, Outcome
from superpoint_ros.evaluation import plots
from superpoint_ros.evaluation.report import Fact, Picture, Plot, Report, Table
from superpoint_ros.evaluation.side_by_side import draw_side_by_side
from superpoint_ros.evaluation.tables import error_rows, status_rows
from superpoint_ros.io.frame import Source
from superpoint_ros.io.recording import Recording


def make_page(outcome: Outcome, recording: Recording, source: Source, settings: str, criteria: Criteria = Criteria()) -> Report:
    """Everything that the nodes published, on one page. Reads the images of a few pairs from the source again."""
    failed = [check for check in outcome.checks if not check.passed]
    verdict = (
        "All checks passed"
        if not failed
        else "Not sane: " + "; ".join(f"{c.name} {c.value}, should be {c.limit}" for c in failed)
    )
    return Report(
        title=f"Demo: {source.name}",
        subtitle=f"superpoint_node, matcher_node and odometry_node as three processes over DDS, with {outcome.model}. "
        f"{outcome.played} frames at {outcome.frame_rate:.1f} Hz ({outcome.rate:.2f} × real time), "
        f"held back {outcome.pauses} times.",
        verdict=verdict,
        passed=outcome.passed,
        facts=list(_facts(outcome)),
        plots=list(_plots(outcome, recording, criteria)),
        tables=list(_tables(outcome)),
        pictures=[Picture(draw_side_by_side(p), p.caption) for p in match_pictures(outcome.pairs, recording, source)],
        settings=settings,
    )


def _facts(outcome: Outcome) -> Iterator[Fact]:
    for check in outcome.checks:
        yield Fact(check.name, check.value, check.limit, good=check.passed)
    yield Fact("Latency", f"{np.median(outcome.latencies['features']):.0f} ms", "median, image to features")


def _plots(outcome: Outcome, recording: Recording, criteria: Criteria) -> Iterator[Plot]:
    error, pairs = outcome.trajectory_error, outcome.pairs
    note = "One camera does not see scale: every step between keyframes was given the same length."
    if error is not None:
        yield Plot(
            "Trajectory of the odometry",
            plots.trajectory(error.estimated, error.truth),
            f"{note} Aligned by a similarity transform.",
        )
    elif len(outcome.trajectory) > 1:
        positions = np.array([pose.translation for pose in outcome.trajectory.poses])
        yield Plot("Trajectory of the odometry", plots.trajectory(positions, None, "steps"), note)
    start = recording.images[0].stamp
    time = [pair.stamp - start * 1e-9 for pair in pairs]
    if outcome.summary.rotation:
        errors = {
            "rotation": [p.error.rotation if p.error else np.nan for p in pairs],
            "direction": [p.error.direction if p.error else np.nan for p in pairs],
        }
        limits = {"rotation": criteria.rotation, "direction": criteria.direction} if criteria != OWN_DATA else None
        yield Plot("Errors per keyframe pair", plots.errors_over_time(time, errors, limits))
    keypoints = {heard.stamp: heard.keypoints for heard in recording.features}
    inliers = {heard.stamp: int(max(heard.inliers(1).sum(), heard.inliers(2).sum())) for heard in recording.matches}
    matches = {heard.stamp: len(heard.inlier) for heard in recording.matches}
    stamps = sorted({image.stamp for image in recording.images})
    counts = {
        name: [values.get(stamp, np.nan) for stamp in stamps]
        for name, values in (("keypoints", keypoints), ("matches", matches), ("inliers", inliers))
    }
    yield Plot(
        "Keypoints, matches, inliers",
        plots.counts_over_time([(s - start) * 1e-9 for s in stamps], counts),
        "Every frame against its keyframe.",
    )
    yield Plot(
        "Latency", plots.histograms(outcome.latencies), "From the moment an image is published until a message about it arrives."
    )


def _tables(outcome: Outcome) -> Iterator[Table]:
    rows = error_rows(outcome.summary, outcome.trajectory_error)
    if rows:
        yield Table("Errors against ground truth", ("", "median", "90 %"), rows)
    yield Table("Status of the keyframe pairs", ("", "pairs"), status_rows(outcome.summary))
