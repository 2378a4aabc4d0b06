"""superpoint-ros info"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from superpoint_ros.cli.console import print_table, say


def info(
    model: Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", help="a model of this package, or a weights file")] = None,
) -> None:
    """Say what is in a weights file; without one, list the models of this package.

    [bold]Examples[/bold]

      superpoint-ros info
      superpoint-ros info small
      superpoint-ros info my_training/last.pth
    """
    from superpoint_ros.features.models import shipped_models, weights_path
    from superpoint_ros.features.weights import load_weights

    if model is None:
        shipped = [load_weights(path) for path in shipped_models().values()]
        rows = [(w.name, f"{_parameters(w.tensors):,}", w.checksum[:8], w.metadata.get("licence", "–")) for w in shipped]
        print_table(
            "Models of this package",
            [*rows, *((name, "–", "–", "OpenCV") for name in ("sift", "orb", "fast", "harris", "shi"))],
            ("", "parameters", "checksum", "licence"),
        )
        return
    path = weights_path(model)
    weights = load_weights(path)
    architecture = weights.architecture
    facts = [
        ("file", str(path)),
        ("name", weights.name),
        ("parameters", f"{_parameters(weights.tensors):,}"),
        ("encoder widths", " ".join(map(str, architecture.encoder))),
        ("head width", str(architecture.head)),
        ("descriptor", f"{architecture.descriptor}-D"),
        ("checksum (SHA-256)", weights.checksum),
        *sorted(weights.metadata.items()),
    ]
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        say(f"[bold]{name:<{width}}[/]  {value}")


def _parameters(tensors: Mapping[str, Any]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())
