from __future__ import annotations

from pathlib import Path

from superpoint_ros.features.network import ARCHITECTURES, SuperPointNet
from superpoint_ros.features.weights import save_weights


def test_info_says_what_is_in_a_file(run, tmp_path: Path) -> None:
    architecture = ARCHITECTURES["small"]
    network = SuperPointNet(architecture)
    path = tmp_path / "mine.safetensors"
    weights = save_weights(path, network.state_dict(), architecture, "mine", licence="Apache-2.0", training="three steps")
    result = run("info", path)
    assert result.status == 0, result.err
    count = sum(tensor.numel() for tensor in weights.tensors.values())
    for expected in ("mine", f"{count:,}", weights.checksum, "Apache-2.0", "three steps", f"{architecture.descriptor}-D"):
        assert expected in result.out, result.out


def test_info_lists_what_is_there(run) -> None:
    result = run("info")
    assert result.status == 0, result.err
    assert "sift" in result.out
    assert "orb" in result.out


def test_info_refuses_what_is_no_model(run, tmp_path: Path) -> None:
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(b"\0\1")
    assert "truncated.safetensors" in run("info", truncated).refused()
    assert "enormous" in run("info", "enormous").refused()
