"""superpoint-ros evaluate compare"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from superpoint_ros.cli.console import print_table, say
from superpoint_ros.errors import ConfigError


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER…", help="folders that `superpoint-ros evaluate` wrote")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="write a page, too")] = None,
) -> None:
    """Put runs of one protocol side by side, with the differences on the pairs and seeds that all have.

    Each kind of features is compared with its namesake in the first folder, or else with the first features of that folder.

    [bold]Examples[/bold]

      superpoint-ros evaluate compare out/small out/mine
      superpoint-ros evaluate compare out/monday out/tuesday -o compare.html
    """
    from superpoint_ros.evaluation.comparison import compare_runs
    from superpoint_ros.evaluation.comparison_report import comparison_tables, make_comparison_report
    from superpoint_ros.evaluation.results_folder import read_run

    names = [folder.name for folder in folders]
    if len(set(names)) < len(names) or "" in names:
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise ConfigError(f"a folder is named twice: {', '.join(names)}")
    runs = {name: read_run(folder) for name, folder in zip(names, folders, strict=True)}
    comparison = compare_runs(runs)
    say(f"{comparison.protocol}: {comparison.pairs} pairs of images in common, {comparison.left_out} evaluations left out")
    for table in comparison_tables(comparison):
        print_table(table.title, [[escape(str(cell)) for cell in row] for row in table.rows], table.header)
    if output is not None:
        make_comparison_report(runs, comparison).write(output)
        say(f"report: {output}")
