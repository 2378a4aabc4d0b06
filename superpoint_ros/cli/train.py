"""superpoint-ros train magicpoint|superpoint"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import progress, say

train = typer.Typer(no_args_is_help=True, help="Train the network: first on synthetic shapes, then on pairs of views of photos.")

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="run folder; an interrupted run in it goes on")]
Steps = Annotated[int, typer.Option(min=1, help="batches in all")]
Rate = Annotated[float, typer.Option(min=0.0, help="largest learning rate of the schedule")]
Seed = Annotated[int, typer.Option(min=0, help="of the weights and of the data")]


@train.command()
def magicpoint(
    output: Output,
    architecture: Annotated[str, typer.Option(help="small or full")] = "small",
    steps: Steps = 6000,
    learning_rate: Rate = 3e-3,
    seed: Seed = 0,
) -> None:
    """Train the detector on rendered shapes with known corners.

    [bold]Examples[/bold]

      superpoint-ros train magicpoint -o runs/magicpoint
      superpoint-ros train magicpoint --architecture full --steps 20000 -o runs/magicpoint-full
    """
    from superpoint_ros.training.magicpoint import MagicPointConfig, train_magicpoint

    config = MagicPointConfig(architecture=architecture, steps=steps, learning_rate=learning_rate, seed=seed)
    with _steps(steps) as on_log:
        train_magicpoint(config, output, on_log)
    say(f"checkpoint and log in {output}; next: superpoint-ros train superpoint LABELS --start {output}")


@train.command()
def superpoint(
    labels: Annotated[Path, typer.Argument(help="folder that `superpoint-ros label` wrote")],
    output: Output,
    start: Annotated[Path, typer.Option("--start", metavar="FOLDER", help="run folder whose network to start from")],
    steps: Steps = 5000,
    learning_rate: Rate = 2e-3,
    seed: Seed = 0,
    name: Annotated[str, typer.Option(help="of the model, in the weights file")] = "custom",
    licence: Annotated[str, typer.Option(help="of the weights, in the weights file")] = "not stated",
) -> None:
    """Train detector and descriptor together, and write weights.safetensors into the run folder.

    [bold]Examples[/bold]

      superpoint-ros train superpoint labels --start runs/magicpoint -o runs/superpoint
      superpoint-ros extract photo.png --model runs/superpoint/weights.safetensors -o features.h5
    """
    from superpoint_ros.features.weights import save_weights
    from superpoint_ros.training.loop import load_network
    from superpoint_ros.training.pairs import PairConfig
    from superpoint_ros.training.photos import read_labels
    from superpoint_ros.training.superpoint import SuperPointConfig, train_superpoint

    network = load_network(start)
    images = read_labels(labels)
    config = SuperPointConfig(pairs=PairConfig(seed=seed), steps=steps, learning_rate=learning_rate)
    with _steps(steps) as on_log:
        train_superpoint(network, images, config, output, on_log)
    training = f"{steps} batches of {config.pairs.batch} pairs of {len(images)} images"
    path = output / "weights.safetensors"
    save_weights(path, network.state_dict(), network.architecture, name, licence=licence, training=training)
    say(f"weights, checkpoint and log in {output}; try: superpoint-ros info {path}")


@contextmanager
def _steps(total: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A progress bar that shows the newest figures."""
    with progress() as bar:
        task = bar.add_task("train", total=total)

        def on_log(step: int, figures: Mapping[str, float]) -> None:
            text = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
            bar.update(task, completed=step, description=text)

        yield on_log
