"""The same random weights in an independent implementation, Hugging Face's, give the same maps and descriptors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import SuperPointConfig, SuperPointForKeypointDetection

from superpoint_ros.features.backends.torch_backend import TorchBackend
from superpoint_ros.features.descriptor import sample_descriptors
from superpoint_ros.features.network import ARCHITECTURES, HIDDEN_LAYERS, SuperPointNet
from superpoint_ros.features.weights import Weights, save_weights

HEIGHT, WIDTH = 96, 128


def their_name(layer: str) -> str:
    if layer in HIDDEN_LAYERS[:8]:
        return f"encoder.conv_blocks.{int(layer[4]) - 1}.conv_{layer[5]}"
    return f"{'keypoint_decoder.conv_score' if layer[4] == 'P' else 'descriptor_decoder.conv_descriptor'}_{layer[5]}"


@pytest.fixture(scope="module")
def weights(random_network: Callable[..., SuperPointNet], tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("full") / "full.safetensors"
    return save_weights(path, random_network(ARCHITECTURES["full"]).state_dict(), ARCHITECTURES["full"], "full")


@pytest.fixture(scope="module")
def theirs(weights: Weights) -> SuperPointForKeypointDetection:
    model = SuperPointForKeypointDetection(SuperPointConfig(nms_radius=0)).eval()
    renamed = {f"{their_name(name.partition('.')[0])}.{name.partition('.')[2]}": t for name, t in weights.tensors.items()}
    model.load_state_dict(renamed, strict=True)
    return model


@pytest.fixture(scope="module")
def image(texture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(texture[:HEIGHT, :WIDTH].astype(np.float32) / 255)


@pytest.fixture(scope="module")
def encoded(theirs: SuperPointForKeypointDetection, image: np.ndarray) -> Tensor:
    with torch.inference_mode():
        return theirs.encoder(torch.from_numpy(image)[None, None]).last_hidden_state


def test_heat_map_before_suppression(
    weights: Weights, theirs: SuperPointForKeypointDetection, image: np.ndarray, encoded: Tensor
) -> None:
    """Their suppression with radius 0 changes nothing, so this is the whole heat map."""
    with torch.inference_mode():
        expected = theirs.keypoint_decoder._get_pixel_scores(encoded)[0].numpy()
    (heat,), _ = TorchBackend(weights, "cpu").run(image[None])
    assert heat.std() > 1e-3
    np.testing.assert_allclose(heat, expected, atol=1e-4)


def test_descriptors(weights: Weights, theirs: SuperPointForKeypointDetection, image: np.ndarray, encoded: Tensor) -> None:
    """At the same places of the coarse map; the two differ in convention, not in the network.

    They normalize each cell before they interpolate, bilinearly; and they stretch the map: pixel 3.5 is the centre of the
    first cell, but pixel 8 w - 1 that of the last, which is 8 w - 4.5. So we sample the normalized map where they do: a pixel
    is turned into cells by their rule, and the cells into a pixel by ours.
    """
    points = (np.random.default_rng(0).random((200, 2)) * [WIDTH - 8, HEIGHT - 8] + 3.5).astype(np.float32)
    with torch.inference_mode():
        expected = theirs.descriptor_decoder(encoded, torch.from_numpy(points.copy())[None]).numpy()

    _, (coarse,) = TorchBackend(weights, "cpu").run(image[None])
    normalized = F.normalize(torch.from_numpy(coarse), dim=0).numpy()
    size = np.array([WIDTH, HEIGHT]) / 8
    cells = (points - 3.5) / (8 * size - 4.5) * (size - 1)
    found = sample_descriptors(normalized, (3.5 + 8 * cells).astype(np.float32), "bilinear")
    assert np.std(expected @ expected.T) > 1e-2
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_weights_go_there_and_back(theirs: SuperPointForKeypointDetection, weights: Weights) -> None:
    """The mapping of names is complete: nothing of theirs is left at its initial value."""
    assert sum(p.numel() for p in theirs.parameters()) == sum(t.numel() for t in weights.tensors.values()) == 1_300_865
