"""The command `superpoint-ros`: one verb per file, errors in one line."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from superpoint_ros import __version__
from superpoint_ros.cli import benchmark, demo, evaluate, export, extract, info, label, match, replay, train
from superpoint_ros.cli.console import ERRORS
from superpoint_ros.errors import SuperPointRosError

HELP = """
Learned visual features for ROS 2: keypoints, matches and camera motion from images, folders, bags and live topics.

[bold]Try[/bold]

  superpoint-ros demo
  superpoint-ros extract photos/ -o features.h5
  superpoint-ros match left.png right.png -o matches.jpg
  superpoint-ros replay recording.mcap -o out
"""


class Commands(TyperGroup):
    """Turns an error that the user can cure into one line on stderr and exit status 2, and Ctrl-C into 130."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SuperPointRosError as error:
            ERRORS.print(f"[bold red]error:[/] {escape(' '.join(str(error).split()))}", soft_wrap=True, highlight=False)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(130) from interrupt


app = typer.Typer(
    cls=Commands,
    help=HELP,
    rich_markup_mode="rich",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"superpoint-ros {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command(rich_help_panel="Start here")(demo.demo)
app.command()(extract.extract)
app.command()(match.match)
app.command()(replay.replay)
app.add_typer(evaluate.evaluate, name="evaluate")
app.command()(benchmark.benchmark)
app.command()(info.info)
app.command(rich_help_panel="Your own weights")(label.label)
app.add_typer(train.train, name="train", rich_help_panel="Your own weights")
app.command(rich_help_panel="Your own weights")(export.export)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
