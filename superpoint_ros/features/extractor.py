"""SuperPoint from an image to its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.features.backends import Backend
from superpoint_ros.features.backends.choice import choose_backend
from superpoint_ros.features.detection import Detections
from superpoint_ros.features.image import WorkingImage, pad_to_cells, working_image, working_mask
from superpoint_ros.types import Features, Image


class SuperPoint:
    """Keypoints and descriptors by the SuperPoint network.

        >>> superpoint = SuperPoint.load("small", max_keypoints=500)
        >>> features = superpoint.extract(image)

    With ``max_size`` the network sees a smaller image; ``nms_radius`` and ``border`` are then pixels of that one, keypoints
    always pixels of the image given.
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
        workings = [working_image(image, self._config.max_size) for image in images]
        free = [
            None if mask is None else working_mask(mask, working)
            for mask, working in zip(masks or [None] * len(workings), workings, strict=True)
        ]
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, working in enumerate(workings):
            by_size.setdefault(working.pixels.shape, []).append(index)
        features: dict[int, Features] = {}
        for (height, width), group in by_size.items():
            padded = [pad_to_cells(workings[index].pixels) for index in group]
            batch = padded[0][None] if len(group) == 1 else np.stack(padded)
            found = self._backend.detect(batch, (height, width), self._config, [free[index] for index in group])
            features |= {index: self._features(one, workings[index]) for index, one in zip(group, found, strict=True)}
        return [features[index] for index in range(len(workings))]

    def _features(self, found: Detections, working: WorkingImage) -> Features:
        points = working.to_image(found.points)
        return Features(points, found.scores, found.descriptors, working.image_size, self.model)
