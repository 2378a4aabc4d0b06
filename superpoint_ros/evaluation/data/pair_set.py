"""The pairs of a data set, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.image_pair import ImagePair


@dataclass(frozen=True)
class PairSet(Sequence[ImagePair]):
    """Pairs of one data set.

    name: of its folder or file. layout: e.g. ``HPatches``. notes: what a reader of the figures must know, a sentence each.
    Raises DataError without pairs, or with two of one name.
    """

    name: str
    layout: str
    pairs: tuple[ImagePair, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.pairs:
            raise DataError(
                f"{self.name} ({self.layout}) holds no pair of images with ground truth: {' '.join(self.notes)}".strip(": ")
            )
        names = [pair.name for pair in self.pairs]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{self.name} ({self.layout}) holds the pair {twice} twice")

    @overload
    def __getitem__(self, index: int) -> ImagePair: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ImagePair, ...]: ...

    def __getitem__(self, index: int | slice) -> ImagePair | tuple[ImagePair, ...]:
        return self.pairs[index]

    def __iter__(self) -> Iterator[ImagePair]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def at_most(self, limit: int) -> PairSet:
        """At most this many pairs of each group, spread evenly over it; 0 keeps all."""
        if limit <= 0:
            return self
        kept: set[int] = set()
        for members in groups(self.pairs).values():
            count = min(limit, len(members))
            kept.update(members[i] for i in np.linspace(0, len(members) - 1, count).round().astype(int))
        note = () if len(kept) == len(self) else (f"{len(kept)} of {len(self)} pairs were chosen, evenly from each group.",)
        return PairSet(self.name, self.layout, tuple(self.pairs[i] for i in sorted(kept)), self.notes + note)


def groups(pairs: Iterable[ImagePair]) -> dict[str, list[int]]:
    """Places of the pairs of each group, in order."""
    found: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        found.setdefault(pair.group, []).append(index)
    return found
