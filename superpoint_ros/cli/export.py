"""superpoint-ros export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import say
from superpoint_ros.errors import ConfigError
from superpoint_ros.features.models import ExportFormat

_SUFFIX: dict[ExportFormat, str] = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt"}


def export(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a model of this package, or a weights file")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help=".onnx, .xml (OpenVINO) or .pt (TorchScript)")],
    to: Annotated[ExportFormat, typer.Option(help="what the file is for")] = "onnx",
    nms: Annotated[
        int | None, typer.Option(min=0, metavar="RADIUS", help="put softmax and max-pool suppression into the network, too")
    ] = None,
) -> None:
    """Write a network for ONNX Runtime, OpenVINO or LibTorch, with any batch and image size.

    An ONNX file beside weights of the same name is what the backends onnxruntime and openvino run. With --nms the network
    gives a heat map that is 0 but at local maxima, for programs of your own; the backends do that step themselves.

    [bold]Examples[/bold]

      superpoint-ros export runs/superpoint/weights.safetensors -o runs/superpoint/weights.onnx
      superpoint-ros export small --to openvino --nms 4 -o small.xml
    """
    from superpoint_ros.features.export import export_model
    from superpoint_ros.features.models import weights_path
    from superpoint_ros.features.weights import load_weights

    if output.suffix != _SUFFIX[to]:
        raise ConfigError(f"--output {output}: a file for {to} is named *{_SUFFIX[to]}")
    weights = load_weights(weights_path(model))
    export_model(weights, to, output, nms)
    say(f"{weights.model} for {to} in {output}")
