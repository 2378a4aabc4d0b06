"""What each way to run a network costs and changes: ``python scripts/measure_backends.py MODEL [--pairs FOLDER]``.

Prints three tables in Markdown, as docs/backends.md has them: CPU time per image (640x480, one thread unless OMP_NUM_THREADS
says otherwise; other processes do not count), agreement of keypoints and matches with float32 on real pairs, and the roofline of
ONNX Runtime by layer. FOLDER holds scenes as in the Oxford affine set: img1 to img6 and H1to2p to H1to6p. MODEL may be a
checkpoint of any training; its ONNX is made on the way. Int8 is calibrated on some of the images that it is measured with.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything reads it

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.backends.cpu import cpu_threads
from superpoint_ros.features.backends.onnxruntime_backend import OnnxRuntimeBackend
from superpoint_ros.features.backends.openvino_backend import OpenVinoBackend
from superpoint_ros.features.backends.torch_backend import TorchBackend
from superpoint_ros.features.detection import Detections, detect
from superpoint_ros.features.export import export_model
from superpoint_ros.features.image import pad_to_cells, working_image
from superpoint_ros.features.models import OnnxFile, weights_path
from superpoint_ros.features.weights import Weights, load_weights
from superpoint_ros.matching.mutual_nearest import match
from superpoint_ros.types import Features, FloatArray

Run = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
HEIGHT, WIDTH = 480, 640
SENSITIVE = ("conv1a", "convSa", "convPa", "convPb", "convDb")
"""Layers that the milder int8 variant leaves in float32: the first one and the last ones."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="name, or path of a weights file")
    parser.add_argument("--pairs", type=Path, help="folder of scenes to compare keypoints and matches on")
    parser.add_argument("--repeat", type=int, default=10)
    arguments = parser.parse_args()
    weights = load_weights(weights_path(arguments.model))
    scenes = dict(read_scenes(arguments.pairs)) if arguments.pairs else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_model(weights, "onnx", path)
        calibration = [image for images, _ in scenes.values() for image in images[:2]]
        variants = build(weights, OnnxFile(path, path.read_bytes(), None), calibration, Path(folder))
        print(f"{weights.model}, {WIDTH}x{HEIGHT}, {cpu_threads()} thread(s), load {os.getloadavg()[0]:.1f}\n")
        some = next(iter(scenes.values()))[0][0] if scenes else np.random.default_rng(0).random((HEIGHT, WIDTH), np.float32)
        print_times(variants, cv2.resize(some, (WIDTH, HEIGHT))[None], arguments.repeat)
        if scenes:
            print_agreement(variants, scenes)
        print_roofline(weights, path.read_bytes(), Path(folder))


def build(weights: Weights, file: OnnxFile, calibration: list[FloatArray], folder: Path) -> dict[str, Run]:
    """Everything that can run the network, by name; the first is what the others are compared with."""
    variants: dict[str, Run] = {
        "PyTorch, float32, plain eager": TorchBackend(weights, "cpu", "float32", layout=torch.contiguous_format).run,
        "PyTorch, float32": TorchBackend(weights, "cpu", "float32").run,
        "PyTorch, bfloat16": TorchBackend(weights, "cpu", "half").run,
        "ONNX Runtime, float32": OnnxRuntimeBackend(file, "cpu").run,
        "OpenVINO, float32": OpenVinoBackend(file, "cpu").run,
        "OpenVINO, bfloat16": OpenVinoBackend(file, "cpu", "half").run,
    }
    if calibration:
        for name, kept in (("int8", ()), ("int8 but first and last layers", SENSITIVE)):
            quantized = quantize(file, calibration, kept, folder / f"{len(kept)}.onnx")
            variants[f"ONNX Runtime, {name}"] = OnnxRuntimeBackend(quantized, "cpu").run
            variants[f"OpenVINO, {name}"] = OpenVinoBackend(quantized, "cpu").run
    return variants


class Images(CalibrationDataReader):  # type: ignore[misc]
    """Images to calibrate with, as ONNX Runtime asks for them."""

    def __init__(self, images: list[FloatArray]) -> None:
        self._images = iter(images)

    def get_next(self) -> dict[str, FloatArray] | None:
        image = next(self._images, None)
        return None if image is None else {"image": pad_to_cells(image)[None, None]}


def quantize(file: OnnxFile, calibration: list[FloatArray], kept: tuple[str, ...], path: Path) -> OnnxFile:
    """The network in int8, per channel, with some layers kept as they are."""
    model = onnx.load_from_string(file.content)
    excluded = [node.name for node in model.graph.node if any(name.partition(".")[0] in kept for name in node.input)]
    quantize_static(
        file.path, path, Images(calibration), per_channel=True, weight_type=QuantType.QInt8, nodes_to_exclude=excluded
    )
    return OnnxFile(path, path.read_bytes(), None)


def print_times(variants: dict[str, Run], image: FloatArray, repeat: int) -> None:
    """CPU milliseconds per image, taken in turns, and how many times as fast as the first variant."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for round_number in range(repeat + 1):
        for name, run in variants.items():
            start = time.process_time()
            run(image)
            if round_number:
                times[name].append(1e3 * (time.process_time() - start))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    first = next(iter(medians.values()))
    print("| backend | CPU ms | times as fast |\n|---|---|---|")
    for name, value in medians.items():
        print(f"| {name} | {value:.1f} | {first / value:.2f} |")
    (heat,), (coarse,) = run(image)
    pixels = (image[0] * 255).astype(np.uint8)
    before = np.median([seconds(lambda: working_image(pixels)) for _ in range(30)])
    after = np.median([seconds(lambda: detect(heat, coarse, (HEIGHT, WIDTH), ExtractorConfig())) for _ in range(30)])
    print(f"\nbefore the network {1e3 * before:.2f} ms, after it {1e3 * after:.2f} ms")


def read_scenes(folder: Path) -> Iterator[tuple[str, tuple[list[FloatArray], list[np.ndarray]]]]:
    """Name, images (longer side 640) and homographies from the first to each of the others, of every scene."""
    for scene in sorted(path for path in folder.iterdir() if path.is_dir()):
        images, scalings, homographies = [], [], []
        for number in range(1, 7):
            image = cv2.imread(str(next(scene.glob(f"img{number}.*"))), cv2.IMREAD_GRAYSCALE)
            scale = min(1.0, WIDTH / max(image.shape))
            offset = 0.5 * scale - 0.5  # pixel centres
            scalings.append(np.array([[scale, 0, offset], [0, scale, offset], [0, 0, 1]]))
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            images.append(small.astype(np.float32) / 255)
            if number > 1:
                between = np.loadtxt(scene / f"H1to{number}p")
                homographies.append(scalings[-1] @ between @ np.linalg.inv(scalings[0]))
        yield scene.name, (images, homographies)


def print_agreement(variants: dict[str, Run], scenes: dict[str, tuple[list[FloatArray], list[np.ndarray]]]) -> None:
    """How far keypoints move, and what that does to the share of matches within 3 pixels of the homography."""
    names = list(scenes)
    print("\n| backend | within 0.5 px | within 1 px | cosine, mean | 1st percentile | " + " | ".join(names) + " |")
    print("|---" * (5 + len(names)) + "|")
    reference: dict[str, list[Detections]] = {}
    for name, run in variants.items():
        found = {scene: [features_of(run, image) for image in images] for scene, (images, _) in scenes.items()}
        reference = reference or found
        near, nearer, cosines = [], [], []
        for scene in names:
            for one, other in zip(reference[scene], found[scene], strict=True):
                distance = np.linalg.norm(one.points[:, None] - other.points[None], axis=2)
                near.append((distance.min(axis=1) < 1).mean())
                nearer.append((distance.min(axis=1) < 0.5).mean())
                same = distance.min(axis=1) < 1
                nearest = other.descriptors[distance.argmin(axis=1)]
                cosines.extend(np.sum(one.descriptors * nearest, axis=1)[same])
        accuracy = [np.mean(list(correct_shares(found[scene], scenes[scene][1]))) for scene in names]
        figures = [np.mean(nearer), np.mean(near), np.mean(cosines), np.percentile(cosines, 1), *accuracy]
        print(f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |", flush=True)


def features_of(run: Run, image: FloatArray) -> Detections:
    """What the extractor finds with its usual settings."""
    (heat,), (coarse,) = run(pad_to_cells(image)[None])
    return detect(heat, coarse, (image.shape[0], image.shape[1]), ExtractorConfig())


def correct_shares(found: list[Detections], homographies: list[np.ndarray]) -> Iterator[float]:
    """Of the matches of the first image with each other one, the share within 3 pixels."""
    first, *others = [Features(one.points, one.scores, one.descriptors, (WIDTH, HEIGHT), "m") for one in found]
    for other, homography in zip(others, homographies, strict=True):
        matches = match(first, other)
        points = first.keypoints[matches.reference_index][:, None].astype(np.float64)
        expected = cv2.perspectiveTransform(points, homography)[:, 0]
        errors = np.linalg.norm(expected - other.keypoints[matches.current_index], axis=1)
        yield float((errors < 3).mean())


def print_roofline(weights: Weights, content: bytes, folder: Path) -> None:
    """Floating-point operations and time of each resolution in ONNX Runtime, beside the fastest matrix product."""
    peak = matrix_product()
    durations = profile(content, folder)
    print(
        f"\nmatrix product {peak:.0f} GFLOP/s\n\n| layers | GFLOP | ms | GFLOP/s | of the matrix product |\n|---|---|---|---|---|"
    )
    groups: dict[str, list[str]] = {"1/1": ["conv1a", "conv1b"], "1/2": ["conv2a", "conv2b"], "1/4": ["conv3a", "conv3b"]}
    groups |= {"1/8": ["conv4a", "conv4b"], "skip": ["convSa"], "heads": ["convPa", "convPb", "convDa", "convDb"]}
    scale = {"1/1": 1, "1/2": 2, "1/4": 4}
    spent = 0.0
    for group, layers in groups.items():
        present = [layer for layer in layers if f"{layer}.weight" in weights.tensors]
        if not present:
            continue
        pixels = (HEIGHT // scale.get(group, 8)) * (WIDTH // scale.get(group, 8))
        work = sum(2 * weights.tensors[f"{layer}.weight"].numel() * pixels for layer in present) / 1e9
        took = sum(durations[layer] for layer in present)
        spent += took
        print(f"| {group} | {work:.2f} | {took:.2f} | {1e3 * work / took:.0f} | {1e5 * work / took / peak:.0f} % |")
    print(f"| pooling, adding, changing layout | – | {durations['all'] - spent:.2f} | – | – |")


def matrix_product() -> float:
    """GFLOP/s of the largest matrix product of ONNX Runtime: it uses vector units that some of the usual libraries leave idle."""
    size = 1536
    square = onnx.helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, [size, size])
    product = onnx.helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [size, size])
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "a"], ["b"])], "product", [square], [product])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = cpu_threads()
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    a = np.random.default_rng(0).random((size, size), np.float32)
    return max(2 * size**3 / seconds(lambda: session.run(None, {"a": a})) for _ in range(8)) / 1e9


def profile(content: bytes, folder: Path) -> dict[str, float]:
    """Milliseconds of each convolution with its rectifier, by name, and of all nodes as ``all``; each at its quickest.

    These are times of the clock, so that only the quickest run is free of other processes.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = cpu_threads()
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "profile")
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, 1, HEIGHT, WIDTH), np.float32)
    for _ in range(40):
        session.run(None, {"image": image})
    events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text())
    nodes: dict[str, list[float]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            nodes.setdefault(event["name"], []).append(event["dur"] / 1e3)
    durations = {"all": sum(map(min, nodes.values()))}
    output = {"logits": "convPb", "descriptors": "convDb"}
    for name, values in nodes.items():
        layer = name.partition("_")[0]
        if "half" not in name:
            durations[output.get(layer, layer)] = min(values)
    return durations


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
