"""What the verbs print with: results on stdout, progress and errors on stderr."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

OUT = Console()
ERRORS = Console(stderr=True)


def progress() -> Progress:
    """A progress bar that disappears when it is done, and is silent where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal)


def print_table(title: str, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Rows with the first column to the left and all others, which are figures, to the right."""
    columns = max((len(row) for row in rows), default=0)
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_header=bool(header), pad_edge=False
    )
    for index in range(columns):
        table.add_column(header[index] if header else "", justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    OUT.print(table)


def say(text: str) -> None:
    """A line about the result; no colours for the numbers in it, and never broken where it is copied from."""
    OUT.print(text, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """What a reader of the result must know, on stderr."""
    ERRORS.print(f"[yellow]note:[/] {escape(text)}", highlight=False, soft_wrap=True)
