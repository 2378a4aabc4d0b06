"""Folders of ``imgN`` and ``H1toNp``, as the Oxford affine covariant regions have them (Mikolajczyk et al., IJCV 2005)."""

from __future__ import annotations

import re
from pathlib import Path

from superpoint_ros.evaluation.data.disk_image import find_image
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.io.homography import read_homography
from superpoint_ros.io.images import natural_key

LAYOUT = "H1toNp folders"
_NAME = re.compile(r"H(\d+)to(\d+)p")


def has_numbered_homographies(folder: Path) -> bool:
    """Whether a folder is of this layout, or holds folders that are."""
    return bool(_scenes(folder))


def open_numbered_homographies(folder: Path) -> PairSet:
    """One pair per homography; the groups are the scenes. Raises DataError where an image or a homography cannot be used."""
    return PairSet(folder.resolve().name, LAYOUT, tuple(pair for scene in _scenes(folder) for pair in _pairs(scene)))


def _homographies(folder: Path) -> list[tuple[Path, str, str]]:
    files = sorted(folder.glob("H*to*p"), key=lambda file: natural_key(file.name))
    return [(file, match[1], match[2]) for file in files if (match := _NAME.fullmatch(file.name))]


def _scenes(folder: Path) -> list[Path]:
    if _homographies(folder):
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_dir() and _homographies(path))


def _pairs(folder: Path) -> list[ImagePair]:
    scene = folder.resolve().name
    return [
        ImagePair(
            f"{scene}/{a}-{b}",
            scene,
            find_image(folder, f"img{a}", scene),
            find_image(folder, f"img{b}", scene),
            read_homography(file),
            scene=scene,
        )
        for file, a, b in _homographies(folder)
    ]
