"""superpoint-ros train magicpoint|superpoint"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from superpoint_ros.cli.console import progress, say
from superpoint_ros.cli.options import load_yaml
from superpoint_ros.errors import ConfigError

train = typer.Typer(no_args_is_help=True, help="Train the network: first on synthetic shapes, then on pairs of views of photos.")

_OVER = "Settings (win over --config)"
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="run folder; an interrupted run in it goes on")]
File = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.yaml", help="settings; without it those that this package ships")
]
Steps = Annotated[int | None, typer.Option(min=1, help="batches in all", rich_help_panel=_OVER)]
Rate = Annotated[float | None, typer.Option(help="largest learning rate of the schedule", rich_help_panel=_OVER)]
Seed = Annotated[int | None, typer.Option(min=0, help="of the weights and of the data", rich_help_panel=_OVER)]
Precision = Annotated[
    str | None, typer.Option(help="32-true, bf16-mixed (also for CPUs with avx512_bf16) or 16-mixed", rich_help_panel=_OVER)
]
Accelerator = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps", rich_help_panel=_OVER)]
Devices = Annotated[int | None, typer.Option(min=1, help="GPUs (or CPU processes) of each machine", rich_help_panel=_OVER)]
Nodes = Annotated[int | None, typer.Option(min=1, help="machines", rich_help_panel=_OVER)]


@train.command()
def magicpoint(
    output: Output,
    config: File = None,
    architecture: Annotated[str | None, typer.Option(help="small or full", rich_help_panel=_OVER)] = None,
    steps: Steps = None,
    learning_rate: Rate = None,
    seed: Seed = None,
    precision: Precision = None,
    accelerator: Accelerator = None,
    devices: Devices = None,
    nodes: Nodes = None,
) -> None:
    """Train the detector on rendered shapes with known corners, and write weights.safetensors into the run folder.

    [bold]Examples[/bold]

      superpoint-ros train magicpoint -o runs/magicpoint
      superpoint-ros train magicpoint --architecture full --precision bf16-mixed -o runs/magicpoint-full
      superpoint-ros train magicpoint --config my.yaml --devices 4 -o runs/mine
    """
    from superpoint_ros.features.network import ARCHITECTURES
    from superpoint_ros.training.config import MagicPointConfig, training_config
    from superpoint_ros.training.magicpoint import train_magicpoint

    if architecture not in (None, *ARCHITECTURES):
        raise ConfigError(f"there is no architecture {architecture!r}: choose from {', '.join(ARCHITECTURES)}")
    values = _settings(config, architecture or "small", "magicpoint")
    overrides = _common(steps, learning_rate, seed, precision, accelerator, devices, nodes) | {"architecture": architecture}
    settings = training_config(MagicPointConfig, values, overrides)
    with _steps(settings.optimizer.steps) as on_log:
        weights = train_magicpoint(settings, output, on_log)
    if weights:
        say(f"weights, checkpoint and log in {output}; next: superpoint-ros label PHOTOS -o labels")
        say(f"and then superpoint-ros train superpoint labels --start {output} -o runs/superpoint")


@train.command()
def superpoint(
    labels: Annotated[Path, typer.Argument(help="folder that `superpoint-ros label` wrote")],
    output: Output,
    start: Annotated[Path, typer.Option("--start", metavar="FOLDER", help="run folder whose network to start from")],
    config: File = None,
    steps: Steps = None,
    learning_rate: Rate = None,
    seed: Seed = None,
    precision: Precision = None,
    accelerator: Accelerator = None,
    devices: Devices = None,
    nodes: Nodes = None,
    name: Annotated[str, typer.Option(help="of the model, in the weights file")] = "custom",
    licence: Annotated[str, typer.Option(help="of the weights, in the weights file")] = "not stated",
) -> None:
    """Train detector and descriptor together, and write weights.safetensors into the run folder.

    [bold]Examples[/bold]

      superpoint-ros train superpoint labels --start runs/magicpoint -o runs/superpoint
      superpoint-ros extract photo.png --model runs/superpoint/weights.safetensors -o features.h5
    """
    from superpoint_ros.features.network import ARCHITECTURES
    from superpoint_ros.training.checkpoint import load_network
    from superpoint_ros.training.config import SuperPointConfig, training_config
    from superpoint_ros.training.photos import read_labels
    from superpoint_ros.training.superpoint import train_superpoint

    network = load_network(start)
    architecture = "full" if network.architecture == ARCHITECTURES["full"] else "small"
    values = _settings(config, architecture, "superpoint")
    overrides = _common(steps, learning_rate, seed, precision, accelerator, devices, nodes)
    settings = training_config(SuperPointConfig, values, overrides)
    images = read_labels(labels)
    with _steps(settings.optimizer.steps) as on_log:
        weights = train_superpoint(network, images, settings, output, name, licence, on_log)
    if weights:
        say(f"weights, checkpoint and log in {output}; try: superpoint-ros info {weights}")


def _settings(path: Path | None, architecture: str, stage: str) -> dict[str, Any]:
    from superpoint_ros.io.shipped import shipped_file

    return load_yaml(path or shipped_file(f"config/training/{architecture}-{stage}.yaml"))


def _common(
    steps: int | None,
    learning_rate: float | None,
    seed: int | None,
    precision: str | None,
    accelerator: str | None,
    devices: int | None,
    nodes: int | None,
) -> dict[str, Any]:
    return {
        "optimizer.steps": steps,
        "optimizer.learning_rate": learning_rate,
        "seed": seed,
        "machine.precision": precision,
        "machine.accelerator": accelerator,
        "machine.devices": devices,
        "machine.nodes": nodes,
    }


@contextmanager
def _steps(total: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A progress bar that shows the newest figures, from the first call on: only one of several processes makes calls."""
    bar = progress()
    task = bar.add_task("train", total=total)

    def on_log(step: int, figures: Mapping[str, float]) -> None:
        bar.start()
        text = "  ".join(f"{name} {value:.3g}" for name, value in figures.items()) or "train"
        bar.update(task, completed=step, description=text)

    try:
        yield on_log
    finally:
        bar.stop()
