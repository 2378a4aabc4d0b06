"""SuperPoint from an image to its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.features.backends import Backend
from superpoint_ros.features.backends.choice import choose_backend
from superpoint_ros.features.detection import Detections
from superpoint_ros.features.image import WorkingImage, pad_to_cells, pyramid, working_image, working_mask
from superpoint_ros.types import BoolArray, Features, Image


@dataclass(frozen=True, eq=False)
class _Look:
    """What the network sees at once: one level of one image. free: (h, w), where something may be detected; None: everywhere."""

    working: WorkingImage
    free: BoolArray | None


class SuperPoint:
    """Keypoints and descriptors by the SuperPoint network.

        >>> superpoint = SuperPoint.load("small", max_keypoints=500)
        >>> features = superpoint.extract(image)

    With ``max_size`` the network sees a smaller image, with ``levels`` also still smaller ones; ``nms_radius`` and ``border`` are
    pixels of what it sees, keypoints always pixels of the image given. One point may be a keypoint of several levels, with a
    descriptor of each.
    """

    def __init__(self, backend: Backend, config: ExtractorConfig, info: str = "") -> None:
        self._backend = backend
        self._config = config
        self._info = info or backend.info

    @classmethod
    def load(cls, model: str = "small", **settings: Any) -> SuperPoint:
        """A shipped model by its name, or the path of a weights file.

        settings: fields of ``ExtractorConfig``. Raises WeightsError, DeviceError, ConfigError, MissingDependencyError.
        """
        return cls.from_config(parse_section(ExtractorConfig, {"model": str(model), **settings}))

    @classmethod
    def from_config(cls, config: ExtractorConfig) -> SuperPoint:
        """The model, device and backend that the settings name. Raises WeightsError, DeviceError, MissingDependencyError."""
        backend, info = choose_backend(config)
        return cls(backend, config, info)

    @property
    def model(self) -> str:
        """Name and short checksum of the weights, e.g. ``small:1a2b3c4d``."""
        return self._backend.model

    @property
    def device(self) -> str:
        """Where the network runs, e.g. ``cpu``."""
        return self._backend.device

    @property
    def info(self) -> str:
        """What runs the network, for people to read; where it was chosen automatically, also why."""
        return self._info

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image, best first.

        image: HxW or HxWx3 (RGB), uint8, uint16 or float in [0, 1]. mask: HxW, nothing is detected where it is 0.
        Raises ImageError.
        """
        return self.extract_batch([image], [mask])[0]

    def extract_batch(self, images: Sequence[Image], masks: Sequence[NDArray[np.uint8] | None] | None = None) -> list[Features]:
        """Features of several images, as ``extract`` gives them one by one; images of one size share a pass of the network.

        Raises ImageError when one of them cannot be used, and ValueError when there are not as many masks as images.
        """
        pyramids = [self._look(image, mask) for image, mask in zip(images, masks or [None] * len(images), strict=True)]
        by_size: dict[tuple[int, ...], list[_Look]] = {}
        for look in chain.from_iterable(pyramids):
            by_size.setdefault(look.working.pixels.shape, []).append(look)
        found: dict[_Look, Detections] = {}
        for (height, width), group in by_size.items():
            padded = [pad_to_cells(look.working.pixels) for look in group]
            batch = padded[0][None] if len(group) == 1 else np.stack(padded)
            free = [look.free for look in group]
            found |= zip(group, self._backend.detect(batch, (height, width), self._config, free), strict=True)
        return [self._features(looks, [found[look] for look in looks]) for looks in pyramids]

    def _look(self, image: Image, mask: NDArray[np.uint8] | None) -> list[_Look]:
        levels = pyramid(working_image(image, self._config.max_size), self._config.levels)
        return [_Look(working, None if mask is None else working_mask(mask, working)) for working in levels]

    def _features(self, looks: Sequence[_Look], found: Sequence[Detections]) -> Features:
        """The best that were found in all levels of an image."""
        points = [look.working.to_image(one.points) for look, one in zip(looks, found, strict=True)]
        size = looks[0].working.image_size
        if len(looks) == 1:
            return Features(points[0], found[0].scores, found[0].descriptors, size, self.model)
        scores = np.concatenate([one.scores for one in found])
        best = np.argsort(-scores, kind="stable")[: self._config.max_keypoints]
        descriptors = np.concatenate([one.descriptors for one in found])
        return Features(np.concatenate(points)[best], scores[best], descriptors[best], size, self.model)
