"""HPatches sequences (Balntas et al., CVPR 2017): folders ``i_*`` and ``v_*`` with images 1 to 6 and ``H_1_2`` to ``H_1_6``.

There are 116. The eight largest are often left out since D2-Net (CVPR 2019) could not process them: who compares with such
figures must leave out the same.
"""

from __future__ import annotations

from pathlib import Path

from superpoint_ros.evaluation.data.disk_image import find_image
from superpoint_ros.evaluation.data.pair_set import PairSet
from superpoint_ros.evaluation.image_pair import ImagePair
from superpoint_ros.io.homography import read_homography

LAYOUT = "HPatches"
_GROUPS = {"i_": "illumination", "v_": "viewpoint"}
_IMAGES = range(2, 7)


def is_hpatches(folder: Path) -> bool:
    """Whether a folder is such a sequence, or holds them."""
    return bool(_sequences(folder))


def open_hpatches(folder: Path) -> PairSet:
    """The first image of each sequence with each of the others; the groups are ``illumination`` and ``viewpoint``.

    Raises DataError where an image or a homography is missing or damaged.
    """
    pairs = tuple(pair for sequence in _sequences(folder) for pair in _pairs(sequence))
    return PairSet(folder.resolve().name, LAYOUT, pairs)


def _sequences(folder: Path) -> list[Path]:
    if (folder / "H_1_2").is_file():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.name[:2] in _GROUPS and path.is_dir())


def _pairs(folder: Path) -> list[ImagePair]:
    name = folder.resolve().name
    group = _GROUPS.get(name[:2], name)
    first = find_image(folder, "1", name)
    return [
        ImagePair(
            f"{name}/1-{k}",
            group,
            first,
            find_image(folder, str(k), name),
            read_homography(folder / f"H_1_{k}"),
            scene=name,
        )
        for k in _IMAGES
    ]
