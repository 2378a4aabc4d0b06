"""Exported files hold the same network, for any batch and size, and say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import openvino as ov
import pytest
import torch

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import WeightsError
from superpoint_ros.features.backends import load_backend
from superpoint_ros.features.detector import heat_around
from superpoint_ros.features.export import export_model
from superpoint_ros.features.network import SuperPointNet, heatmap
from superpoint_ros.features.weights import Weights, load_weights

SUFFIX = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt"}


@pytest.fixture(scope="module")
def weights(weights_file: Path) -> Weights:
    return load_weights(weights_file)


def run(path: Path, images: np.ndarray) -> list[np.ndarray]:
    if path.suffix == ".onnx":
        return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"image": images})
    if path.suffix == ".xml":
        found = ov.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(images)
        return [np.asarray(found[index]) for index in (0, 1)]
    with torch.inference_mode():
        return [head.numpy() for head in torch.jit.load(path)(torch.from_numpy(images))]


@pytest.mark.parametrize("nms", [None, 3])
@pytest.mark.parametrize("to", sorted(SUFFIX))
def test_exported_network_is_the_same(to: str, nms: int | None, weights: Weights, network: SuperPointNet, tmp_path: Path) -> None:
    path = tmp_path / f"tiny{SUFFIX[to]}"
    export_model(weights, to, path, nms)
    for shape in ((1, 1, 24, 64), (3, 1, 40, 16)):
        images = np.random.default_rng(0).random(shape, np.float32)
        with torch.inference_mode():
            logits, descriptors = network(torch.from_numpy(images))
        first, coarse = run(path, images)
        np.testing.assert_allclose(coarse, descriptors.numpy(), atol=1e-4)
        if nms is None:
            np.testing.assert_allclose(first, logits.numpy(), atol=1e-4)
            continue
        heat = np.stack([heat_around(one) for one in heatmap(logits).numpy()])
        kept = first > 0
        np.testing.assert_allclose(first[kept], heat[kept], atol=1e-5)
        for one, at in zip(heat, kept, strict=True):
            assert at.any()
            for y, x in np.argwhere(at):
                assert one[y, x] >= one[max(0, y - nms) : y + nms + 1, max(0, x - nms) : x + nms + 1].max() - 1e-5


def test_onnx_says_what_it_is_and_is_the_same_every_time(weights: Weights, tmp_path: Path) -> None:
    export_model(weights, "onnx", tmp_path / "a.onnx")
    export_model(weights, "onnx", tmp_path / "b.onnx")
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    metadata = ort.InferenceSession(content).get_modelmeta().custom_metadata_map
    assert metadata["name"] == "tiny" and metadata["checksum"] == weights.checksum and metadata["licence"] == "Apache-2.0"
    assert metadata["normalization"] == "grey image / 255" and metadata["opset"] == "17"
    assert json.loads(metadata["architecture"])["descriptor"] == 16


def test_torchscript_says_what_it_is(weights: Weights, tmp_path: Path) -> None:
    export_model(weights, "torchscript", tmp_path / "a.pt")
    found = {"metadata.json": ""}
    torch.jit.load(tmp_path / "a.pt", _extra_files=found)
    assert json.loads(found["metadata.json"])["checksum"] == weights.checksum


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_network_with_suppression_is_not_for_the_backends(backend: str, weights: Weights, tmp_path: Path) -> None:
    export_model(weights, "onnx", tmp_path / "nms.onnx", 4)
    with pytest.raises(WeightsError, match="without --nms"):
        load_backend(ExtractorConfig(model=str(tmp_path / "nms.onnx"), backend=backend))
