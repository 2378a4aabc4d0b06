"""One self-contained HTML page: figures, tables and pictures inlined, nothing loaded from anywhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
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
class Table:
    """Rows of text; the first column is left-aligned, all others are numbers and right-aligned."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """An SVG drawing. wide: takes the whole width of the page."""

    title: str
    svg: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Picture:
    """An HxWx3 uint8 RGB image."""

    image: NDArray[np.uint8]
    caption: str = ""

    @property
    def jpeg(self) -> str:
        """Base64 of a JPEG."""
        import cv2

        # OpenCV writes BGR.
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(self.image[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 82])
        return base64.b64encode(data.tobytes()).decode("ascii")


@dataclass(frozen=True)
class Report:
    """The whole page, from top to bottom."""

    title: str
    subtitle: str
    verdict: str = ""
    passed: bool | None = None
    facts: Sequence[Fact] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    settings: str = ""
    footer: str = f"superpoint_ros {__version__}"

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
