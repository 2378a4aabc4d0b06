"""Opens whatever holds pairs of images with ground truth: the layout says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from superpoint_ros.errors import DataError
from superpoint_ros.evaluation.data.generated import generate_pairs
from superpoint_ros.evaluation.data.hpatches import is_hpatches, open_hpatches
from superpoint_ros.evaluation.data.numbered_homographies import has_numbered_homographies, open_numbered_homographies
from superpoint_ros.evaluation.data.pair_list import is_pair_list, open_pair_list
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.data.sequence import GAPS, open_sequence
from superpoint_ros.io.sources import is_sequence

_LOOKED_FOR = (
    "HPatches (i_*, v_* with H_1_2), folders with H1to2p, a pair list (.txt), a TUM, KITTI, EuRoC or 7-Scenes sequence, a rosbag"
)


def open_pairs(
    path: Path,
    *,
    gaps: Sequence[int] = GAPS,
    generate: int = 0,
    seed: int = 0,
    topic: str | None = None,
    reference: str | None = None,
    limit: int = 0,
) -> PairSet:
    """The pairs of a data set whose layout is recognized.

    gaps: frames between the images of a pair of a sequence. generate: make this many pairs of each kind from each image below
    the path, whatever else is there; seed: of these. topic: the image topic of a bag with several. reference: a TUM file or a
    pose topic of the bag with the true poses of a sequence. limit: at most this many pairs of each group, spread evenly; 0 takes
    all. Raises DataError, which says what was looked for.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} does not exist; give a data set: {_LOOKED_FOR}")
    return _open(path, gaps, generate, seed, topic, reference).at_most(limit)


def _open(path: Path, gaps: Sequence[int], generate: int, seed: int, topic: str | None, reference: str | None) -> PairSet:
    if generate:
        return generate_pairs(path, generate, seed)
    if is_pair_list(path):
        return open_pair_list(path)
    if is_sequence(path):
        return open_sequence(path, gaps, topic, reference)
    if path.is_dir() and is_hpatches(path):
        return open_hpatches(path)
    if path.is_dir() and has_numbered_homographies(path):
        return open_numbered_homographies(path)
    raise DataError(
        f"{path} holds no pairs with ground truth; looked for {_LOOKED_FOR}. With --generate they are made from any images"
    )
