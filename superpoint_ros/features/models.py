"""Models by name, the files behind them, and the checksum that says which weights a file holds. No torch needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from superpoint_ros.errors import WeightsError

ExportFormat = Literal["onnx", "openvino", "torchscript"]

WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt")

_SHIPPED = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class OnnxFile:
    """A network in ONNX. content: the file. checksum: of the weights that are certain to be in it; None if it came alone."""

    path: Path
    content: bytes
    checksum: str | None

    def model(self, metadata: Mapping[str, str]) -> str:
        """Name and short checksum, as in ``Features.model``, by what the file says about itself.

        Raises WeightsError when it says nothing, or names other weights than those beside it.
        """
        if "checksum" not in metadata or metadata.get("outputs") != "logits descriptors":
            raise WeightsError(f"{self.path} does not hold the dense heads of a model: export it again, without --nms")
        if self.checksum not in (None, metadata["checksum"]):
            raise _stale(self.path)
        return model_id(metadata["name"], metadata["checksum"])


def shipped_models() -> dict[str, Path]:
    """Name and weights file of every model that comes with this package."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.safetensors"))}


def weights_path(model: str) -> Path:
    """The file behind a model: one that comes with this package, by name, or any file, by its path. Raises WeightsError."""
    if Path(model).suffix in (*WEIGHTS_SUFFIXES, ".onnx"):
        return Path(model)
    shipped = shipped_models()
    if model not in shipped:
        names = ", ".join(shipped) or "none in this installation"
        raise WeightsError(
            f"there is no model {model!r}: choose from {names}, or give the path of a .safetensors, .pth, .pt or .onnx file"
        )
    return shipped[model]


def onnx_path(model: str) -> Path:
    """Where the ONNX of a model lies, if there is one: beside the weights, or the file itself. Raises WeightsError."""
    return weights_path(model).with_suffix(".onnx")


def load_onnx(model: str) -> OnnxFile:
    """The ONNX of a model: by name, by the path of weights that it lies beside, or by its own path.

    Where weights lie beside it, each of their tensors must be in it, bit for bit: an ONNX that was forgotten after a training
    does not load. Raises WeightsError: no such file, stale or damaged.
    """
    weights, path = weights_path(model), onnx_path(model)
    if not path.is_file():
        how = "" if weights == path else f": make it with superpoint-ros export {model} --to onnx -o {path}"
        raise WeightsError(f"there is no ONNX file {path}{how}")
    content = path.read_bytes()
    beside = path.with_suffix(".safetensors")
    if not beside.is_file():
        return OnnxFile(path, content, None)
    tensors, header = read_safetensors(beside)
    if not all(np.ascontiguousarray(tensor, "<f4").tobytes() in content for tensor in tensors.values()):
        raise _stale(path)
    return OnnxFile(path, content, header.get("checksum", checksum_of(tensors)))


def read_safetensors(path: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
    """Tensors and header of a safetensors file. Raises WeightsError where it is damaged or not what its checksum says."""
    try:
        with safe_open(path, framework="np") as file:
            header = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file ({error}): fetch it again") from error
    expected = header.get("checksum")
    if expected is not None and expected != (found := checksum_of(tensors)):
        raise WeightsError(f"{path} is damaged: its checksum is {found[:8]}, it should be {expected[:8]}; fetch it again")
    return tensors, header


def checksum_of(tensors: Mapping[str, NDArray[np.generic]]) -> str:
    """SHA-256 over names, shapes and values, in hexadecimal: the same for the same weights in any kind of file."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {'x'.join(map(str, tensors[name].shape))}\n".encode())
        digest.update(tensors[name].astype("<f4").tobytes())
    return digest.hexdigest()


def model_id(name: str, checksum: str) -> str:
    """Name and short checksum, as in ``Features.model``."""
    return f"{name}:{checksum[:8]}"


def _stale(path: Path) -> WeightsError:
    weights = path.with_suffix(".safetensors")
    return WeightsError(f"{path} is damaged or was not made from {weights}: superpoint-ros export {weights} --to onnx -o {path}")
