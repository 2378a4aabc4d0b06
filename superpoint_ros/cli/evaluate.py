"""superpoint-ros evaluate …"""

from __future__ import annotations

import typer

from superpoint_ros.cli import evaluate_shapes

evaluate = typer.Typer(no_args_is_help=True, help="Measure detectors, descriptors and motion against known answers.")
evaluate.command()(evaluate_shapes.shapes)
