"""superpoint-ros train magicpoint|superpoint|mean|calibrate"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from superpoint_ros.cli.console import progress, say
from superpoint_ros.cli.options import load_yaml, set_options
from superpoint_ros.errors import ConfigError

if TYPE_CHECKING:
    from superpoint_ros.features.network import SuperPointNet

train = typer.Typer(no_args_is_help=True, help="Train the network: first on synthetic shapes, then on pairs of views of photos.")

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="run folder; an interrupted run in it goes on")]
Name = Annotated[str, typer.Option(help="of the model, in the weights file")]
Licence = Annotated[str, typer.Option(help="of the weights, in the weights file")]
File = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.yaml", help="settings; without it those that this package ships")
]
_OVER = "Settings (win over --config)"
_SETTINGS: dict[str, tuple[str, Any]] = {
    "architecture": ("architecture", Annotated[str | None, typer.Option(help="small or full", rich_help_panel=_OVER)]),
    "steps": ("optimizer.steps", Annotated[int | None, typer.Option(min=1, help="batches in all", rich_help_panel=_OVER)]),
    "learning_rate": (
        "optimizer.learning_rate",
        Annotated[float | None, typer.Option(help="largest learning rate of the schedule", rich_help_panel=_OVER)],
    ),
    "seed": ("seed", Annotated[int | None, typer.Option(min=0, help="of the weights and of the data", rich_help_panel=_OVER)]),
    "precision": (
        "machine.precision",
        Annotated[
            str | None,
            typer.Option(help="32-true, bf16-mixed (also for CPUs with avx512_bf16) or 16-mixed", rich_help_panel=_OVER),
        ],
    ),
    "accelerator": (
        "machine.accelerator",
        Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps", rich_help_panel=_OVER)],
    ),
    "devices": (
        "machine.devices",
        Annotated[int | None, typer.Option(min=1, help="GPUs (or CPU processes) of each machine", rich_help_panel=_OVER)],
    ),
    "nodes": ("machine.nodes", Annotated[int | None, typer.Option(min=1, help="machines", rich_help_panel=_OVER)]),
}
"""Of each option the setting that it wins over, by its dotted name, and what typer makes the option of."""


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that takes ``overrides``: it gets an option per setting, and what is given by dotted name, else None."""

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        command(overrides={setting: given.pop(option) for option, (setting, _) in _SETTINGS.items()}, **given)

    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "overrides"]
    added = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for option, (_, annotation) in _SETTINGS.items()
    ]
    set_options(wrapper, [*own, *added])
    return wrapper


@train.command()
@_with_settings
def magicpoint(
    output: Output,
    overrides: dict[str, Any],
    config: File = None,
    start: Annotated[
        Path | None, typer.Option("--start", metavar="FOLDER", help="run folder of a network to start from, widened if narrower")
    ] = None,
) -> None:
    """Train the detector on rendered shapes with known corners, and write weights.safetensors into the run folder.

    [bold]Examples[/bold]

      superpoint-ros train magicpoint -o runs/magicpoint
      superpoint-ros train magicpoint --architecture full --start runs/magicpoint -o runs/magicpoint-full
      superpoint-ros train magicpoint --config my.yaml --devices 4 -o runs/mine
    """
    from superpoint_ros.training.checkpoint import load_network
    from superpoint_ros.training.config import MagicPointConfig, training_config
    from superpoint_ros.training.magicpoint import train_magicpoint

    network = load_network(start) if start else None
    values = _settings(config, overrides["architecture"], network, "magicpoint")
    settings = training_config(MagicPointConfig, values, overrides)
    with _steps(settings.optimizer.steps, output) as on_log:
        weights = train_magicpoint(settings, output, network, on_log)
    if weights:
        say(f"weights, checkpoint and log in {output}; next: superpoint-ros label PHOTOS -o labels")
        say(f"and then superpoint-ros train superpoint labels --start {output} -o runs/superpoint")


@train.command()
@_with_settings
def superpoint(
    labels: Annotated[
        list[Path], typer.Argument(metavar="LABELS…", help="folders that `superpoint-ros label` wrote, of one size each")
    ],
    output: Output,
    start: Annotated[
        str, typer.Option("--start", metavar="FOLDER|NAME|FILE", help="run folder, model or weights file to start from")
    ],
    overrides: dict[str, Any],
    config: File = None,
    name: Name = "custom",
    licence: Licence = "not stated",
) -> None:
    """Train detector and descriptor together, and write weights.safetensors into the run folder.

    [bold]Examples[/bold]

      superpoint-ros train superpoint labels --start runs/magicpoint -o runs/superpoint
      superpoint-ros train superpoint my_labels --start small --steps 1000 --learning-rate 3e-4 -o runs/mine
      superpoint-ros extract photo.png --model runs/superpoint/weights.safetensors -o features.h5
    """
    from superpoint_ros.training.config import SuperPointConfig, training_config
    from superpoint_ros.training.photos import label_sources, read_labels
    from superpoint_ros.training.start import start_network
    from superpoint_ros.training.superpoint import train_superpoint

    images = read_labels(labels)
    network = start_network(start, images)
    values = _settings(config, overrides["architecture"], network, "superpoint")
    settings = training_config(SuperPointConfig, values, overrides)
    with _steps(settings.optimizer.steps, output) as on_log:
        weights = train_superpoint(network, images, settings, output, name, licence, label_sources(labels), on_log)
    if weights:
        say(f"weights, checkpoint and log in {output}; try: superpoint-ros info {weights}")


@train.command()
def mean(
    weights: Annotated[list[str], typer.Argument(metavar="NAME|FILE…", help="models, or weights files, of one architecture")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.safetensors", help="where the mean goes")],
    name: Name = "custom",
    licence: Licence = "not stated",
) -> None:
    """Write the mean of the weights before and after a training, which is often better than both on images unlike those it saw.

    Each must have been trained from the one before: weights that were trained apart have no useful mean.

    [bold]Examples[/bold]

      superpoint-ros train mean small runs/mine/weights.safetensors -o mean.safetensors
    """
    from superpoint_ros.features.models import weights_path
    from superpoint_ros.features.weights import load_weights
    from superpoint_ros.training.mean import write_mean

    if len(weights) < 2:
        raise ConfigError(f"the mean of {weights[0]} alone is itself: name two weights or more")
    _check_suffix(output)
    write_mean(output, [load_weights(weights_path(one)) for one in weights], name, licence)
    say(f"weights in {output}; try: superpoint-ros info {output}")


@train.command()
def calibrate(
    weights: Annotated[str, typer.Argument(metavar="NAME|FILE", help="the model whose scores are to change")],
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDERS…", help="folders of images, of which at most 100 are looked at")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.safetensors", help="where the new weights go")],
    like: Annotated[str, typer.Option(metavar="NAME|FILE", help="the model that has as many keypoints as are wanted")] = "small",
) -> None:
    """Bring the scores of a model to the scale of another: as many keypoints pass the threshold of the nodes then.

    Training lowers scores, so that a model has fewer keypoints after it. Which ones are best, and where, hardly changes.

    [bold]Examples[/bold]

      superpoint-ros train calibrate runs/mine/weights.safetensors my_images/ --like small -o mine.safetensors
    """
    from superpoint_ros.config import ExtractorConfig
    from superpoint_ros.io.images import find_images
    from superpoint_ros.training.calibration import write_calibrated
    from superpoint_ros.training.photos import grey_photo

    _check_suffix(output)
    photos = find_images(folders)
    images = [grey_photo(photo.path, 640) for photo in photos[:: -(-len(photos) // 100)]]  # a hundred tell enough
    with progress() as bar:
        found = write_calibrated(
            output, weights, like, images, ExtractorConfig().threshold, functools.partial(bar.track, description="count")
        )
    say(f"{found.after:.0f} keypoints an image instead of {found.before:.0f}, {like} has {found.wanted:.0f}")
    say(f"(scores {found.factor:.2f} times as high); weights in {output}; try: superpoint-ros info {output}")


def _check_suffix(output: Path) -> None:
    if output.suffix != ".safetensors":
        raise ConfigError(f"--output {output}: a weights file is named *.safetensors")


def _settings(path: Path | None, architecture: str | None, start: SuperPointNet | None, stage: str) -> dict[str, Any]:
    """Those of the file, or what we ship for the architecture: that of the option, of the file, of the start, or small."""
    from superpoint_ros.features.network import ARCHITECTURES
    from superpoint_ros.io.shipped import shipped_file

    if architecture and architecture not in ARCHITECTURES:
        raise ConfigError(f"there is no architecture {architecture!r}: choose from {', '.join(ARCHITECTURES)}")
    of_start = "full" if start and start.architecture == ARCHITECTURES["full"] else "small"
    values = load_yaml(path or shipped_file(f"config/training/{architecture or of_start}-{stage}.yaml"))
    return {"architecture": of_start, **values}


@contextmanager
def _steps(total: int, folder: Path) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A progress bar that shows the newest figures, from the first call on: only one of several processes makes calls.

    Says how to go on when the run is stopped.
    """
    from superpoint_ros.training.interrupt import TrainingStopped

    bar = progress()
    task = bar.add_task("train", total=total)

    def on_log(step: int, figures: Mapping[str, float]) -> None:
        bar.start()
        text = "  ".join(f"{name} {value:.3g}" for name, value in figures.items()) or "train"
        bar.update(task, completed=step, description=text)

    try:
        yield on_log
    except TrainingStopped as stopped:
        bar.stop()
        say(f"{stopped}, which is in the checkpoint in {folder}; the same command goes on from there")
        raise
    finally:
        bar.stop()
