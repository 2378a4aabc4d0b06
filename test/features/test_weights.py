"""Weights come back as they were written; damaged or foreign files say what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from superpoint_ros.errors import WeightsError
from superpoint_ros.features import models as models_module
from superpoint_ros.features.models import weights_path
from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet, fold_batch_norm
from superpoint_ros.features.weights import load_weights, save_weights


def test_safetensors_round_trip(network: SuperPointNet, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    written = save_weights(
        path, network.state_dict(), network.architecture, "model", licence="Apache-2.0", training="none at all"
    )
    read = load_weights(path)
    assert read.name == "model" and read.architecture == network.architecture and read.model == f"model:{read.checksum[:8]}"
    assert read.metadata == {"licence": "Apache-2.0", "training": "none at all"} == written.metadata
    assert read.checksum == written.checksum and len(read.checksum) == 64
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(read.tensors[name], tensor, rtol=0, atol=0)


def test_who_may_read_new_files_may_read_weights(network: SuperPointNet, tmp_path: Path) -> None:
    save_weights(tmp_path / "a.safetensors", network.state_dict(), network.architecture, "model")
    (tmp_path / "other").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    "nest", [lambda s: s, *(lambda s, k=k: {k: s, "epoch": 3} for k in ("network", "model_state_dict", "state_dict", "net"))]
)
@pytest.mark.parametrize("suffix", [".pth", ".pt"])
def test_checkpoints_that_people_have(
    nest: Callable, suffix: str, network: SuperPointNet, weights_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"mine{suffix}"
    torch.save(nest(network.state_dict()), path)
    read = load_weights(path)
    assert read.name == "mine" and read.architecture == network.architecture
    assert read.checksum == load_weights(weights_file).checksum


def test_published_layout_is_the_full_architecture(tmp_path: Path) -> None:
    full = SuperPointNet(ARCHITECTURES["full"]).state_dict()
    assert (
        next(iter(full)) == "conv1a.weight"
        and full["convDb.bias"].shape == (256,)
        and full["convPb.weight"].shape == (65, 256, 1, 1)
    )
    torch.save(full, tmp_path / "superpoint_v1.pth")
    assert load_weights(tmp_path / "superpoint_v1.pth").architecture == ARCHITECTURES["full"]


def test_batch_norm_is_folded(random_network: Callable[..., SuperPointNet], tmp_path: Path) -> None:
    trained = random_network(batch_norm=True)
    for name, buffer in trained.named_buffers():
        if name.endswith(("mean", "var")):
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            if name.startswith("bn_"):
                parameter.copy_(torch.rand_like(parameter) + 0.5)
    save_weights(tmp_path / "a.safetensors", trained.state_dict(), trained.architecture, "a")
    torch.save(trained.state_dict(), tmp_path / "a.pth")

    plain = SuperPointNet(trained.architecture).eval()
    plain.load_state_dict(load_weights(tmp_path / "a.safetensors").tensors)
    image = torch.rand(1, 1, 32, 40)
    with torch.inference_mode():
        for expected, found in zip(trained(image), plain(image), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert load_weights(tmp_path / "a.pth").checksum == load_weights(tmp_path / "a.safetensors").checksum


def test_plain_weights_fold_to_themselves(network: SuperPointNet) -> None:
    plain = network.state_dict()
    folded = fold_batch_norm(plain)
    assert folded.keys() == plain.keys() and all(folded[name] is plain[name] for name in plain)


def test_missing_file() -> None:
    with pytest.raises(WeightsError, match=r"no weights file /nowhere/a\.safetensors"):
        load_weights(Path("/nowhere/a.safetensors"))


def test_unknown_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"something")
    with pytest.raises(WeightsError, match="not a weights file"):
        load_weights(tmp_path / "a.onnx")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_truncated_file(suffix: str, kept: float, network: SuperPointNet, weights_file: Path, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        torch.save(network.state_dict(), path)
    else:
        path.write_bytes(weights_file.read_bytes())
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(WeightsError, match="damaged"):
        load_weights(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_something_else_under_the_name_of_weights(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(WeightsError, match="damaged"):
        load_weights(path)


def test_flipped_bits_are_noticed_wherever_they_are(weights_file: Path, tmp_path: Path) -> None:
    """No flip crashes anything, and a file that still loads has the weights that were written."""
    good = load_weights(weights_file)
    content = weights_file.read_bytes()
    path = tmp_path / "a.safetensors"
    noticed = 0
    positions = np.random.default_rng(0).integers(0, len(content), 150)
    for position in positions:
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(position) % 8
        path.write_bytes(flipped)
        try:
            assert load_weights(path).checksum == good.checksum
        except WeightsError:
            noticed += 1
    assert noticed > 0.9 * len(positions)


def test_flipped_bit_in_a_tensor_is_called_by_its_name(weights_file: Path, tmp_path: Path) -> None:
    content = bytearray(weights_file.read_bytes())
    content[-2] ^= 1
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="checksum"):
        load_weights(tmp_path / "a.safetensors")


class Trap:
    """Unpickling it would run code."""

    def __reduce__(self) -> tuple[Callable, tuple]:
        return (Path.touch, (Path("trapped"),))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1a.weight": Trap()}, "a.pth")
    with pytest.raises(WeightsError, match="more than tensors"):
        load_weights(Path("a.pth"))
    assert not Path("trapped").exists()


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {"conv1a.weight": 3}}, torch.zeros(3), {"epoch": 4}])
def test_checkpoint_without_weights(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="no weights: expected a state dict"):
        load_weights(tmp_path / "a.pth")


def change(network: SuperPointNet, **tensors: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The state dict with some tensors replaced, None removes one; ``convA_weight`` stands for ``convA.weight``."""
    changed = dict(network.state_dict())
    for name, tensor in tensors.items():
        key = name.replace("_", ".")
        if tensor is None:
            del changed[key]
        else:
            changed[key] = tensor
    return changed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conv3b_weight": torch.zeros(8, 9, 3, 3)}, "conv3b.weight has shape 8x9x3x3, not 8x8x3x3"),
        ({"convPb_weight": torch.zeros(64, 12, 1, 1)}, "convPb.weight has shape 64x12x1x1, not 65x12x1x1"),
        ({"conv1a_weight": torch.zeros(4, 3, 3, 3)}, "conv1a.weight has shape 4x3x3x3, not 4x1x3x3"),
        ({"conv2a_weight": torch.zeros(6)}, "lacks the convolution conv2a.weight"),
        ({"conv1a_weight": None}, "lacks the convolution conv1a.weight"),
        ({"conv4b_bias": None}, "conv4b.bias is missing"),
        ({"convXa_weight": torch.zeros(3)}, "convXa.weight, which SuperPoint lacks"),
        ({"convDb_bias": torch.full((16,), torch.nan)}, "convDb.bias has values that are NaN"),
        ({"conv1b_weight": torch.full((4, 4, 3, 3), torch.inf)}, "conv1b.weight has values that are NaN or inf"),
    ],
)
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_that_do_not_fit(suffix: str, changes: dict, words: str, network: SuperPointNet, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    content = change(network, **changes)
    save_file(content, path) if suffix == ".safetensors" else torch.save(content, path)
    with pytest.raises(WeightsError, match=words):
        load_weights(path)


def test_batch_norm_of_another_layer_is_refused(random_network: Callable[..., SuperPointNet], tmp_path: Path) -> None:
    content = dict(random_network(batch_norm=True).state_dict())
    content["bn_conv2a.weight"] = torch.ones(5)
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="batch norm"):
        load_weights(tmp_path / "a.pth")


def test_saving_weights_of_another_width_is_refused(network: SuperPointNet, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"conv1a\.weight has shape 4x1x3x3, not 8x1x3x3"):
        save_weights(tmp_path / "a.safetensors", network.state_dict(), ARCHITECTURES["small"], "a")
    assert not (tmp_path / "a.safetensors").exists()


def test_safetensors_of_others_need_no_metadata(network: SuperPointNet, weights_file: Path, tmp_path: Path) -> None:
    save_file(dict(network.state_dict()), tmp_path / "theirs.safetensors")
    read = load_weights(tmp_path / "theirs.safetensors")
    assert read.name == "theirs" and read.checksum == load_weights(weights_file).checksum


def test_names_and_paths(weights_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "_SHIPPED", weights_file.parent)
    assert weights_path("tiny") == weights_file
    assert weights_path("some/where.pth") == Path("some/where.pth")
    with pytest.raises(WeightsError, match="no model 'huge': choose from tiny, or give the path"):
        weights_path("huge")
