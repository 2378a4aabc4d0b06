"""Files of network weights: our safetensors with a checksum, and the checkpoints that people have.

Whatever the file, the layers are named ``conv1a`` … ``convDb`` as in ``SuperPointNet``, and the widths are read from the shapes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from superpoint_ros.errors import WeightsError
from superpoint_ros.features.models import WEIGHTS_SUFFIXES, checksum_of, model_id
from superpoint_ros.features.network import Architecture, SuperPointNet, fold_batch_norm

_NESTED = ("network", "model_state_dict", "state_dict", "net")
"""Where checkpoints of training runs keep the weights, beside the state of the optimizer; ours are the first."""

_WIDTH_LAYERS = ("conv1a", "conv2a", "conv3a", "conv4a", "convPa", "convDb")
"""One layer for each width in ``Architecture``, in its order."""


@dataclass(frozen=True)
class Weights:
    """Weights of one network, ready to load: plain (batch norm folded), float32, on the CPU.

    name: short name of the model. tensors: ``<layer>.weight`` and ``<layer>.bias``.
    checksum: SHA-256 of the tensors in hexadecimal; the same weights have the same one in any file format.
    metadata: what else the file says, e.g. licence and training.
    """

    name: str
    architecture: Architecture
    tensors: Mapping[str, Tensor]
    checksum: str
    metadata: Mapping[str, str]

    @property
    def model(self) -> str:
        """Name and short checksum, as in ``Features.model``."""
        return model_id(self.name, self.checksum)

    def __repr__(self) -> str:
        count = sum(tensor.numel() for tensor in self.tensors.values())
        return f"Weights({self.model!r}, {self.architecture}, {count} parameters)"


def save_weights(path: Path, state_dict: Mapping[str, Tensor], architecture: Architecture, name: str, **metadata: str) -> Weights:
    """Write weights as safetensors, batch norm folded, and return what ``load_weights`` will read.

    metadata: sentences about the model, e.g. licence= and training=.
    Raises WeightsError when the weights are not those of the architecture or not finite.
    """
    tensors = _checked(state_dict, path, architecture)
    checksum = _checksum(tensors)
    header = {**metadata, "name": name, "architecture": json.dumps(asdict(architecture)), "checksum": checksum}
    path.write_bytes(save(tensors, header))  # save_file's files can be read by their owner alone
    return Weights(name, architecture, tensors, checksum, metadata)


def load_weights(path: Path) -> Weights:
    """Read a ``.safetensors``, ``.pth`` or ``.pt`` file.

    A checkpoint is a state dict, alone or under ``network`` (that of a training run), ``model_state_dict``, ``state_dict`` or
    ``net``; it is read without running code from it. Raises WeightsError: no such file, unknown suffix, damaged, checksum wrong,
    not the weights of a SuperPoint network (with the layer, and the shape expected and found), not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}")
    if path.suffix == ".safetensors":
        return _load_safetensors(path)
    if path.suffix in WEIGHTS_SUFFIXES:
        tensors = _checked(_load_checkpoint(path), path)
        return Weights(path.stem, infer_architecture(tensors), tensors, _checksum(tensors), {})
    raise WeightsError(f"{path} is not a weights file: give a .safetensors, .pth or .pt file")


def infer_architecture(tensors: Mapping[str, Tensor]) -> Architecture:
    """The widths of the network that has these (plain) weights: the numbers of outputs of six layers."""
    c1, c2, c3, c4, head, descriptor = (len(tensors[f"{layer}.weight"]) for layer in _WIDTH_LAYERS)
    return Architecture((c1, c2, c3, c4), head, descriptor, skip="convSa.weight" in tensors)


def _load_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file ({error}): fetch it again") from error
    name, expected = header.pop("name", path.stem), header.pop("checksum", None)
    declared = header.pop("architecture", None)
    tensors = _checked(found, path, _architecture_from_json(declared, path) if declared else None)
    checksum = _checksum(tensors)
    if expected not in (None, checksum):
        raise WeightsError(f"{path} is damaged: its checksum is {checksum[:8]}, it should be {str(expected)[:8]}; fetch it again")
    return Weights(name, infer_architecture(tensors), tensors, checksum, header)


def _architecture_from_json(text: str, path: Path) -> Architecture:
    try:
        fields = json.loads(text)
        return Architecture(tuple(fields["encoder"]), int(fields["head"]), int(fields["descriptor"]), bool(fields["skip"]))
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{path} is damaged: its architecture reads {text!r}; fetch it again") from error


def _load_checkpoint(path: Path) -> Mapping[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A damaged pickle can raise anything at all.
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{path} is damaged or holds more than tensors ({reason})") from error
    for key in _NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise WeightsError(f"{path} has no weights: expected a state dict, alone or under {', '.join(_NESTED)}")
    return content


def _checked(weights: Mapping[str, Tensor], path: Path, architecture: Architecture | None = None) -> dict[str, Tensor]:
    """Plain float32 weights, sure to fit a network of the architecture (inferred if not given)."""
    try:
        folded = fold_batch_norm({name: tensor.detach().to("cpu", torch.float32) for name, tensor in weights.items()})
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{path} has batch norm that does not fit its layers: {error}") from error
    plain = {name: tensor.contiguous() for name, tensor in folded.items()}
    for layer in _WIDTH_LAYERS:
        if f"{layer}.weight" not in plain or plain[f"{layer}.weight"].ndim != 4:
            raise WeightsError(f"{path} holds no SuperPoint weights: it lacks the convolution {layer}.weight")
    with torch.device("meta"):
        expected = SuperPointNet(architecture or infer_architecture(plain)).state_dict()
    for name, tensor in expected.items():
        if name not in plain:
            raise WeightsError(f"{path} holds no complete SuperPoint weights: {name} is missing")
        if plain[name].shape != tensor.shape:
            raise WeightsError(f"{path} does not fit the network: {name} has shape {_shape(plain[name])}, not {_shape(tensor)}")
        if not torch.isfinite(plain[name]).all():
            raise WeightsError(f"{path} cannot be used: {name} has values that are NaN or infinite")
    unknown = sorted(plain.keys() - expected.keys())
    if unknown:
        raise WeightsError(f"{path} belongs to another network: it has {unknown[0]}, which SuperPoint lacks")
    return plain


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    return checksum_of({name: tensor.numpy() for name, tensor in tensors.items()})
