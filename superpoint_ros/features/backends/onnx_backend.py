"""What the two runtimes of ONNX files have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from superpoint_ros.config import ExtractorConfig, Precision
from superpoint_ros.features.detection import Detections, detect_each
from superpoint_ros.features.models import OnnxFile, load_onnx
from superpoint_ros.types import BoolArray, FloatArray


class OnnxBackend(ABC):
    """Implements ``Backend``, but for what only a runtime knows."""

    _model: str
    _device: str
    _size: int

    def __init__(self, file: OnnxFile, device: str = "auto", precision: Precision = "auto") -> None:
        self._made_of = file, device, precision

    @classmethod
    def load(cls, config: ExtractorConfig) -> OnnxBackend:
        """The ONNX of a model (shipped name or path) on a device. Raises WeightsError, DeviceError."""
        return cls(load_onnx(config.model), config.device, config.precision)

    def __reduce__(self) -> tuple[type[OnnxBackend], tuple[OnnxFile, str, Precision]]:
        """Processes on other machines, which have no such file, make it anew from what was in it."""
        return type(self), self._made_of

    @property
    def model(self) -> str:
        return self._model

    @property
    def device(self) -> str:
        return self._device

    @property
    def descriptor_size(self) -> int:
        return self._size

    @abstractmethod
    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]: ...

    def detect(
        self, images: FloatArray, size: tuple[int, int], config: ExtractorConfig, masks: Sequence[BoolArray | None]
    ) -> list[Detections]:
        return detect_each(*self.run(images), size, config, masks)
