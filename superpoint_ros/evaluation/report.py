"""One self-contained HTML page: figures, tables and pictures inlined, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superpoint_ros import __version__
from superpoint_ros.errors import DataError


@dataclass(frozen=True)
class Fact:
    """A key figure: what, how much, and a few words about it. good: None leaves it neutral."""

    label: str
    value: str
    note: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Cell:
    """A figure of a table with a few small words below it, such as its interval. mark: ``best`` is bold, ``worse`` is red."""

    text: str
    note: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column is left-aligned, all others are numbers and right-aligned. wide: takes the whole page.

    text_columns: how many columns, from the left, are words.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    note: str = ""
    wide: bool = False
    text_columns: int = 1


@dataclass(frozen=True)
class Plot:
    """An SVG drawing. wide: takes the whole width of the page."""

    title: str
    svg: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Picture:
    """An HxWx3 uint8 RGB image. Pictures that follow each other with the same section stand below that title.

    half: two of them beside each other.
    """

    image: NDArray[np.uint8]
    caption: str = ""
    section: str = "Matches"
    half: bool = False

    @property
    def jpeg(self) -> str:
        """Base64 of a JPEG."""
        import cv2

        # OpenCV writes BGR.
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(self.image[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 82])
        return base64.b64encode(data.tobytes()).decode("ascii")


@dataclass(frozen=True)
class Report:
    """The whole page, from top to bottom. lead: tables above the plots. command: what makes the page again."""

    title: str
    subtitle: str
    verdict: str = ""
    passed: bool | None = None
    facts: Sequence[Fact] = ()
    lead: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    settings: str = ""
    command: str = ""
    footer: str = f"superpoint_ros {__version__}"

    @property
    def galleries(self) -> list[tuple[str, list[Picture]]]:
        """The pictures by section."""
        return [(section, list(pictures)) for section, pictures in groupby(self.pictures, lambda picture: picture.section)]

    @property
    def drawings(self) -> list[tuple[Plot, str]]:
        """Every plot with its SVG, whose ids are unique on the page: two drawings by matplotlib share most of theirs."""
        return [(plot, _prefix_ids(plot.svg, f"plot{index}-")) for index, plot in enumerate(self.plots)]

    def write(self, path: Path) -> None:
        """Render and write the page. Raises DataError where the file cannot be written."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("superpoint_ros.evaluation"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            path.write_text(environment.get_template("report.html.j2").render(report=self), encoding="utf-8")
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror}") from error


def _prefix_ids(svg: str, prefix: str) -> str:
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
