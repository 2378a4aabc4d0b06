"""Figures and pictures for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from superpoint_ros.drawing import Picture
from superpoint_ros.errors import MissingDependencyError


class Board:
    """Writes below ``tensorboard`` in a run folder. What an interrupted run wrote after ``step`` is not shown any more."""

    def __init__(self, folder: Path, step: int) -> None:
        """Raises MissingDependencyError."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise MissingDependencyError("tensorboard is needed for training: pip install 'superpoint-ros[train]'") from error
        self._writer = SummaryWriter(folder / "tensorboard", purge_step=step + 1 if step else None)

    def figures(self, group: str, step: int, figures: Mapping[str, float]) -> None:
        """One curve for each figure."""
        for name, value in figures.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def picture(self, name: str, step: int, picture: Picture) -> None:
        """An (H, W, 3) RGB image."""
        self._writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.close()
