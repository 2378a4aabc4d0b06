"""SuperPoint from an image to its features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.config import ExtractorConfig, parse_section
from superpoint_ros.features.backends import Backend, load_backend
from superpoint_ros.features.descriptor import sample_descriptors
from superpoint_ros.features.detector import refine_keypoints, select_keypoints
from superpoint_ros.features.image import pad_to_cells, working_image, working_mask
from superpoint_ros.types import Features, FloatArray, Image


class SuperPoint:
    """Keypoints and descriptors by the SuperPoint network.

        >>> superpoint = SuperPoint.load("small", max_keypoints=500)
        >>> features = superpoint.extract(image)

    With ``max_size`` the network sees a smaller image; ``nms_radius`` and ``border`` are then pixels of that one, keypoints
    always pixels of the image given.
    """

    def __init__(self, backend: Backend, config: ExtractorConfig) -> None:
        self._backend = backend
        self._config = config

    @classmethod
    def load(cls, model: str = "small", **settings: Any) -> SuperPoint:
        """A shipped model by its name, or the path of a weights file.

        settings: fields of ``ExtractorConfig``. Raises WeightsError, DeviceError, ConfigError.
        """
        return cls.from_config(parse_section(ExtractorConfig, {"model": str(model), **settings}))

    @classmethod
    def from_config(cls, config: ExtractorConfig) -> SuperPoint:
        """The model, device and backend that the settings name. Raises WeightsError, DeviceError."""
        return cls(load_backend(config), config)

    @property
    def model(self) -> str:
        """Name and short checksum of the weights, e.g. ``small:1a2b3c4d``."""
        return self._backend.model

    @property
    def device(self) -> str:
        """Where the network runs, e.g. ``cpu``."""
        return self._backend.device

    def extract(self, image: Image, mask: NDArray[np.uint8] | None = None) -> Features:
        """Features of one image, best first.

        image: HxW or HxWx3 (RGB), uint8, uint16 or float in [0, 1]. mask: HxW, nothing is detected where it is 0.
        Raises ImageError.
        """
        config = self._config
        working = working_image(image, config.max_size)
        height, width = working.pixels.shape
        heatmap, coarse = self._backend.run(pad_to_cells(working.pixels))
        heatmap = np.ascontiguousarray(heatmap[:height, :width])
        pixels, scores = select_keypoints(
            heatmap,
            max_keypoints=config.max_keypoints,
            threshold=config.threshold,
            nms_radius=config.nms_radius,
            border=config.border,
            mask=None if mask is None else working_mask(mask, working),
        )
        points: FloatArray = refine_keypoints(heatmap, pixels) if config.subpixel else pixels.astype(np.float32)
        descriptors = sample_descriptors(coarse, points, config.interpolation)
        return Features(working.to_image(points), scores, descriptors, working.image_size, self.model)
