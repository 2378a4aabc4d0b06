"""Whatever runs the network, and whatever device it chose, the features are the same."""

from __future__ import annotations

import copy
import pickle
import shutil
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import torch

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DeviceError, WeightsError
from superpoint_ros.features import heads as heads_on_arrays
from superpoint_ros.features.backends import Backend, load_backend
from superpoint_ros.features.backends.cpu import cpu_threads, require_bfloat16
from superpoint_ros.features.export import export_model
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.models import load_onnx, onnx_path, shipped_models
from superpoint_ros.features.network import SuperPointNet, heatmap
from superpoint_ros.features.weights import load_weights, save_weights
from superpoint_ros.simulation.textures import hang_posters, plaster
from superpoint_ros.types import Features

RUNTIMES = ["onnxruntime", "openvino"]


@pytest.fixture(scope="module")
def exported(weights_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network of random weights, with its ONNX beside."""
    path = tmp_path_factory.mktemp("exported") / "tiny.safetensors"
    shutil.copy(weights_file, path)
    export_model(load_weights(path), "onnx", path.with_suffix(".onnx"))
    return path


def load(backend: str, model: str) -> Backend:
    return load_backend(ExtractorConfig(model=model, backend=backend, device="cpu"))


def agreement(reference: Features, features: Features) -> tuple[float, float]:
    """Share of the keypoints of either that the other has within half a pixel, and the smallest cosine among those."""
    distance = np.linalg.norm(reference.keypoints[:, None] - features.keypoints[None], axis=2)
    shares = [(distance.min(axis=axis) <= 0.5).mean() for axis in (0, 1)]
    nearest = distance.argmin(axis=1)
    near = distance.min(axis=1) <= 0.5
    cosine = np.sum(reference.descriptors[near] * features.descriptors[nearest[near]], axis=1)
    return min(shares), float(cosine.min())


def assert_same_features(model: str, backend: str, image: np.ndarray) -> None:
    reference = SuperPoint.load(model, backend="torch", device="cpu").extract(image)
    features = SuperPoint.load(model, backend=backend, device="cpu").extract(image)
    share, cosine = agreement(reference, features)
    assert len(reference) > 100 and features.model == reference.model
    assert share >= 0.99 and cosine >= 0.999


@pytest.mark.parametrize("backend", ["torch", *RUNTIMES])
def test_a_backend_can_be_sent_to_a_process_that_has_no_such_file(exported: Path, backend: str, tmp_path: Path):
    folder = shutil.copytree(exported.parent, tmp_path / "here")
    here = load(backend, str(folder / exported.name))
    packed = pickle.dumps(here)
    shutil.rmtree(folder)
    there = pickle.loads(packed)
    image = np.random.default_rng(0).random((1, 64, 80), np.float32)
    for one, other in zip(here.run(image), there.run(image), strict=True):
        assert np.array_equal(one, other)
    assert (there.model, there.device) == (here.model, here.device)


@pytest.mark.parametrize("backend", RUNTIMES)
@pytest.mark.parametrize("model", sorted(shipped_models()))
def test_backends_agree_on_real_images(model: str, backend: str, shared_data: Path) -> None:
    for name in ("graf/img1.png", "boat/img4.pgm", "iguazu/img2.pgm"):
        image = cv2.imread(str(shared_data / "pairs" / name), cv2.IMREAD_GRAYSCALE)
        assert_same_features(model, backend, image[: image.shape[0] // 2 + 3, : image.shape[1] // 2 + 5])


@pytest.mark.parametrize("backend", RUNTIMES)
@pytest.mark.parametrize("model", sorted(shipped_models()))
def test_backends_agree_on_rendered_images(model: str, backend: str) -> None:
    rng = np.random.default_rng(0)
    picture = plaster((201, 317), rng)
    hang_posters(picture, 4, rng)
    assert_same_features(model, backend, picture.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("backend", RUNTIMES)
def test_backends_give_what_the_network_gives_at_any_size_and_batch(backend: str, exported: Path, network: SuperPointNet) -> None:
    loaded = load(backend, str(exported))
    assert loaded.descriptor_size == 16 and loaded.device == "cpu" and loaded.model == load_weights(exported).model
    for shape in ((1, 8, 8), (3, 40, 24), (1, 64, 96)):
        images = np.random.default_rng(0).random(shape, np.float32)
        with torch.inference_mode():
            logits, coarse = network(torch.from_numpy(images)[:, None])
        heat, found = loaded.run(images)
        np.testing.assert_allclose(heat, heatmap(logits).numpy(), atol=1e-5)
        np.testing.assert_allclose(found, coarse.numpy(), atol=1e-4)


def test_heat_map_of_openvino_survives_logits_that_are_not_finite() -> None:
    import openvino as ov
    import openvino.opset10 as opset

    from superpoint_ros.features.backends.openvino_backend import with_heatmap

    heads = [opset.parameter([-1, channels, -1, -1], np.float32) for channels in (65, 4)]
    model = ov.Model([opset.result(head) for head in heads], heads, "heads alone")
    logits = 5 * np.random.default_rng(0).standard_normal((2, 65, 3, 4), np.float32)
    logits[0, 7, 1, 1], logits[1, 9, 2, 2], logits[0, 3, 0, 0] = np.nan, np.inf, -np.inf
    request = ov.Core().compile_model(with_heatmap(model), "CPU").create_infer_request()
    request.infer([logits, np.zeros((2, 4, 3, 4), np.float32)])
    heat = request.get_output_tensor(0).data
    assert (heat[0, 8:16, 8:16] == 0).all() and (heat[1, 16:24, 16:24] == 0).all() and heat[0, 0, 3] == 0
    np.testing.assert_allclose(heat, heads_on_arrays.heatmap(logits), atol=1e-6)


@pytest.mark.parametrize("backend", RUNTIMES)
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_detections_are_the_callers(backend: str, interpolation: Literal["bicubic", "bilinear"], exported: Path) -> None:
    loaded, config = load(backend, str(exported)), ExtractorConfig(interpolation=interpolation, threshold=0.0)
    first, second = np.random.default_rng(0).random((2, 1, 64, 64), np.float32)
    (found,) = loaded.detect(first, (64, 64), config, [None])
    kept = copy.deepcopy(found)
    loaded.detect(second, (64, 64), config, [None])
    for name in ("points", "scores", "descriptors"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
    assert len(found.points) > 0


@pytest.mark.parametrize("model", sorted(shipped_models()))
def test_onnx_of_a_shipped_model_is_not_stale(model: str) -> None:
    """If this fails: superpoint-ros export MODEL --to onnx -o superpoint_ros/weights/MODEL.onnx"""
    import onnx

    weights = load_weights(shipped_models()[model])
    file = load_onnx(model)
    graph = onnx.load_from_string(file.content)
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    assert file.checksum == weights.checksum and file.model(metadata) == weights.model
    assert metadata["licence"] == weights.metadata["licence"] and metadata["normalization"] == "grey image / 255"
    assert len(graph.graph.initializer) == len(weights.tensors)


def test_onnx_of_other_weights_is_refused(exported: Path, network: SuperPointNet, tmp_path: Path) -> None:
    trained = {name: tensor * 1.01 for name, tensor in network.state_dict().items()}
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained, network.architecture, "tiny")
    shutil.copy(exported.with_suffix(".onnx"), tmp_path)
    with pytest.raises(WeightsError, match=r"tiny\.onnx is damaged or was not made from .*tiny\.safetensors: superpoint-ros exp"):
        load_onnx(str(path))


@pytest.mark.parametrize("backend", RUNTIMES)
def test_flipped_bits_of_an_onnx_are_noticed(backend: str, exported: Path, tmp_path: Path) -> None:
    """Beside its weights every tensor is checked; what else is damaged is refused, or is no weight."""
    shutil.copy(exported, tmp_path)
    content = exported.with_suffix(".onnx").read_bytes()
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match="damaged"):
        load(backend, str(path))
    tensor = load_weights(exported).tensors["conv3a.weight"].numpy().tobytes()
    flipped = bytearray(content)
    flipped[content.index(tensor) + 7] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(WeightsError, match="damaged"):
        load(backend, str(path))


@pytest.mark.parametrize("backend", RUNTIMES)
def test_an_onnx_alone_runs_and_garbage_does_not(backend: str, exported: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.onnx"
    shutil.copy(exported.with_suffix(".onnx"), alone)
    assert load(backend, str(alone)).model == load_weights(exported).model
    alone.write_bytes(b"something")
    with pytest.raises(WeightsError, match=r"alone\.onnx"):
        load(backend, str(alone))
    with pytest.raises(WeightsError, match="there is no ONNX file"):
        load(backend, str(tmp_path / "absent.onnx"))


def test_weights_without_onnx_run_in_torch_or_say_how_to_export(weights_file: Path) -> None:
    assert not onnx_path(str(weights_file)).exists()
    assert SuperPoint.load(str(weights_file), device="cpu").info.endswith("(there is no tiny.onnx beside it)")
    with pytest.raises(WeightsError, match=r"make it with superpoint-ros export .*tiny\.safetensors --to onnx -o .*tiny\.onnx"):
        SuperPoint.load(str(weights_file), device="cpu", backend="onnxruntime")


def test_automatic_choice_says_what_and_why(exported: Path) -> None:
    info = SuperPoint.load(str(exported), device="cpu").info
    assert info.startswith(("ONNX Runtime", "OpenVINO"))
    assert "measured at 320x240: " in info and info.count(" ms") == 2
    assert SuperPoint.load(str(exported), device="cpu").info == info  # measured once


@pytest.mark.parametrize(
    ("backend", "device", "words"),
    [
        ("torch", "npu", "PyTorch runs on cpu, cuda or mps"),
        ("onnxruntime", "mps", "this ONNX Runtime runs on cpu"),
        ("onnxruntime", "tensorrt", "install onnxruntime-gpu"),
        ("openvino", "gpu:7", "OpenVINO"),
        ("openvino", "cuda", "OpenVINO sees cpu"),
    ],
)
def test_device_of_another_backend_is_refused(backend: str, device: str, words: str, exported: Path) -> None:
    with pytest.raises(DeviceError, match=words):
        SuperPoint.from_config(ExtractorConfig(model=str(exported), backend=backend, device=device))


@pytest.mark.parametrize(("device", "backend"), [("npu", "openvino"), ("gpu", "openvino"), ("tensorrt", "onnxruntime")])
def test_device_names_its_backend(device: str, backend: str, exported: Path) -> None:
    """This machine has neither; whose error it is tells who was asked."""
    with pytest.raises(DeviceError, match={"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}[backend]):
        SuperPoint.load(str(exported), device=device)


def test_threads_are_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cpu_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= cpu_threads() <= 1024


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_half_precision_moves_few_keypoints(backend: str, shared_data: Path) -> None:
    try:
        require_bfloat16()
    except DeviceError:
        with pytest.raises(DeviceError, match="cannot compute in bfloat16"):
            SuperPoint.load("small", backend=backend, device="cpu", precision="half")
        return
    image = cv2.imread(str(shared_data / "pairs" / "graf" / "img1.png"), cv2.IMREAD_GRAYSCALE)
    half = SuperPoint.load("small", backend=backend, device="cpu", precision="half")
    share, cosine = agreement(SuperPoint.load("small", backend="torch", device="cpu").extract(image), half.extract(image))
    assert 0.95 < share < 1 and cosine > 0.99 and "bf" in half.info


def test_half_precision_without_a_backend_for_it(exported: Path) -> None:
    with pytest.raises(DeviceError, match="precision half: ONNX Runtime has it on tensorrt, not on cpu"):
        SuperPoint.load(str(exported), backend="onnxruntime", device="cpu", precision="half")


def test_cuda_graphs_are_for_cuda(exported: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_graphs cannot be used on cpu"):
        SuperPoint.load(str(exported), backend="torch", device="cpu", cuda_graphs=True)
