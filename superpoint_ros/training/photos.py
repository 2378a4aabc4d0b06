"""Photos for training: which may be used, and their labels on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DataError
from superpoint_ros.features.image import CELL, to_grey
from superpoint_ros.io.images import find_images, read_image
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, Detector, label_here
from superpoint_ros.training.labels import InterestPoints
from superpoint_ros.training.pairs import LabelledImage
from superpoint_ros.training.sources import MANIFEST, Source, read_sources, read_table, write_sources

FREE_LICENCES = frozenset(
    {"BSD-3-Clause", "CC-BY-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC0", "CC0-1.0", "Expat", "MIT", "public-domain"}
)
"""Licences that ask for no more than attribution. Copyleft is left out: whether it reaches trained weights is unsettled."""

LabelAll = Callable[[Iterable[NDArray[np.uint8]], Detector, AdaptationConfig], Iterator[tuple[NDArray[np.uint8], InterestPoints]]]
"""Images, detector and settings → each image with its labels, in that order."""

MAX_SIZE = 480
_SETTINGS = "settings.json"
_RENDERED = {"kind": "rendering", "source": "superpoint_ros", "licence": "Apache-2.0"}


@dataclass(frozen=True)
class Photo:
    """An image file, how often it is drawn in training, relative to others, and what is known of its source and licence."""

    path: Path
    weight: float = 1.0
    source: Source = field(default_factory=dict, compare=False)


def free_photos(folder: Path) -> list[Photo]:
    """The images of a folder that its MANIFEST.tsv says are freely licensed without dispute; photos count twice as textures.

    Raises DataError without a manifest or without any such image.
    """
    manifest = folder / MANIFEST
    free = [row for row in read_table(manifest) if row["licence"] in FREE_LICENCES and "disputed" not in row["note"]]
    if not free:
        raise DataError(f"{manifest} names no image under one of {', '.join(sorted(FREE_LICENCES))}")
    return [Photo(folder / row["file"], 2.0 if row["kind"] == "photo" else 1.0, row) for row in free]


def folder_photos(folder: Path) -> list[Photo]:
    """Every image of a folder, with its row of the folder's MANIFEST.tsv, if any. Raises DataError where there is no image."""
    manifest = folder / MANIFEST
    rows = {folder / row["file"]: row for row in (read_table(manifest) if manifest.exists() else [])}
    return [Photo(image.path, source=rows.get(image.path, {})) for image in find_images([folder])]


def render_scenes(folder: Path, count: int, first_seed: int = 1000) -> list[Photo]:
    """Write views of rendered rooms, two of each, as PNG files, but for those there are; rooms that the demo never shows."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = []
    for n in range(count):
        path = folder / f"room{first_seed + n // 2}_{n % 2}.png"
        if not path.exists():
            partial = path.with_suffix(".partial.png")
            sequence = SimulatedSequence(frames=150, seed=first_seed + n // 2)
            cv2.imwrite(str(partial), sequence.frame((10, 80)[n % 2]).image)
            partial.replace(path)
        photos.append(Photo(path, source=_RENDERED))
    return photos


def write_labels(
    photos: Sequence[Photo],
    folder: Path,
    detector: tuple[str, Detector],
    config: AdaptationConfig,
    max_size: int = MAX_SIZE,
    label_all: LabelAll = label_here,
    on_image: Callable[[], None] = lambda: None,
) -> None:
    """Label every photo, shrunk to ``max_size`` pixels at most, into one ``.npz`` each; files that exist are kept.

    SOURCES.tsv beside them says where each image comes from and under which licence.
    detector: its name, which is kept with the labels, and what it does. label_all: where the work is done.
    Raises DataError where the folder holds labels made with other settings, or where two photos have one name.
    """
    named: dict[str, Path] = {}
    for photo in photos:
        other = named.setdefault(photo.path.stem, photo.path)
        if other != photo.path:
            raise DataError(f"the labels of {other} and {photo.path} would have one name; rename one of them")
    name, detect = detector
    _keep_settings(folder, {"detector": name, "max_size": max_size, **asdict(config)})
    write_sources(folder, ({**photo.source, "file": photo.path.name} for photo in photos))
    paths = {photo: folder / f"{photo.path.stem}.npz" for photo in photos}
    missing = [photo for photo, path in paths.items() if not path.exists()]
    for _ in range(len(photos) - len(missing)):
        on_image()
    images = (grey_photo(photo.path, max_size) for photo in missing)
    for photo, (image, points) in zip(missing, label_all(images, detect, config), strict=True):
        partial = paths[photo].with_suffix(".partial.npz")
        np.savez(partial, image=image, corners=points.corners, confidence=points.confidence, weight=photo.weight)
        partial.replace(paths[photo])
        on_image()


def _keep_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings beside the labels, or compare them with those that are there. Raises DataError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _SETTINGS
    if path.exists():
        try:
            before = json.loads(path.read_text())
        except ValueError as error:
            raise DataError(f"{path} is damaged ({error}); choose another folder for the labels") from error
        changed = [f"{name} {before.get(name)}, not {value}" for name, value in settings.items() if before.get(name) != value]
        if changed:
            raise DataError(f"{folder} has labels made with other settings ({'; '.join(changed)}); choose another folder")
        return
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(settings, indent=2))
    partial.replace(path)


def read_labels(folders: Sequence[Path]) -> list[LabelledImage]:
    """What ``write_labels`` wrote. Raises DataError where there is nothing."""
    return [_read_label_file(path) for folder in folders for path in _label_files(folder)]


def label_sources(folders: Sequence[Path]) -> list[Source]:
    """Where the images of ``read_labels`` come from, each photo once. Raises DataError."""
    named: dict[str, Source] = {}
    for folder in folders:
        files = _label_files(folder)
        named |= zip((path.stem for path in files), read_sources(folder, [path.name for path in files]), strict=True)
    return list(named.values())


def _read_label_file(path: Path) -> LabelledImage:
    try:
        with np.load(path) as content:
            return LabelledImage(
                content["image"],
                InterestPoints(content["corners"], content["confidence"]),
                float(content["weight"]),
                path.stem,
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path} is damaged or no label file ({error}); delete it and label again") from error


def _label_files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob("*.npz") if not path.name.endswith(".partial.npz"))
    if not files:
        raise DataError(f"{folder} has no labels; make some: superpoint-ros label PHOTOS -o {folder}")
    return files


def grey_photo(path: Path, max_size: int = MAX_SIZE) -> NDArray[np.uint8]:
    """An image as labels are made of: grey, its longer side at most ``max_size``, both sides multiples of 8."""
    image = to_grey(read_image(path)) * 255.0
    scale = max_size / max(image.shape)
    if scale < 1.0:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    height, width = (side // CELL * CELL for side in image.shape)
    return np.rint(image[:height, :width]).astype(np.uint8)
