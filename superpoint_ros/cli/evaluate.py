"""superpoint-ros evaluate …"""

from __future__ import annotations

import typer

from superpoint_ros.cli import evaluate_compare, evaluate_pairs, evaluate_shapes, evaluate_trajectory

evaluate = typer.Typer(no_args_is_help=True, help="Measure detectors, descriptors and motion against known answers.")
evaluate.command()(evaluate_pairs.detector)
evaluate.command()(evaluate_pairs.descriptor)
evaluate.command()(evaluate_pairs.homography)
evaluate.command()(evaluate_pairs.pose)
evaluate.command()(evaluate_trajectory.trajectory)
evaluate.command()(evaluate_shapes.shapes)
evaluate.command()(evaluate_compare.compare)
evaluate.command()(evaluate_pairs.presets)
