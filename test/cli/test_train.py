"""From images to weights by the command line: label, train magicpoint, train superpoint."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from superpoint_ros.cli.main import app
from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.features.models import shipped_models
from superpoint_ros.features.network import ARCHITECTURES
from superpoint_ros.features.weights import load_weights
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import AdaptationConfig
from superpoint_ros.training.photos import read_labels


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rows = ["file\tkind\tlicence\tnote"]
    for n, licence in enumerate(("MIT", "CC-BY-4.0", "GPL-2")):
        frame = SimulatedSequence(frames=3, seed=n, size=(320, 240)).frame(0)
        cv2.imwrite(str(folder / f"{n}.png"), frame.image)
        rows.append(f"{n}.png\tphoto\t{licence}\t")
    (folder / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def labels(photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "labels"
    run("label", photos, "--licensed", "--warps", 4, "-o", folder)
    return folder


def test_labels_cover_the_licensed_images_only_and_are_kept(photos, labels):
    assert sorted(path.name for path in labels.glob("*.npz")) == ["0.npz", "1.npz"]
    assert all(len(image.points.corners) > 50 and image.weight == 2.0 for image in read_labels([labels]))
    before = {path: path.stat().st_mtime_ns for path in labels.glob("*.npz")}
    run("label", photos, "--licensed", "--warps", 4, "-o", labels)
    assert {path: path.stat().st_mtime_ns for path in labels.glob("*.npz")} == before


@pytest.fixture(scope="module")
def runs(labels, tmp_path_factory):
    """Run folders of both stages, each of two steps at a size that a test has time for."""
    folder = tmp_path_factory.mktemp("runs")
    shapes = write(folder / "magicpoint.yaml", shapes={"height": 48, "width": 64, "batch": 2})
    run("train", "magicpoint", "--config", shapes, "--steps", 2, "-o", folder / "magicpoint")
    pairs = write(folder / "superpoint.yaml", pairs={"height": 96, "width": 128, "batch": 2})
    start = ("--start", folder / "magicpoint", "--config", pairs)
    run("train", "superpoint", labels, *start, "--steps", 2, "--name", "mine", "--licence", "MIT", "-o", folder / "superpoint")
    return folder


def write(path, **settings):
    machine = {"workers": 0, "accelerator": "cpu"}
    path.write_text(yaml.safe_dump({**settings, "machine": machine, "log": {"validation_images": 0}}))
    return path


def test_training_gives_weights_that_extract(runs):
    weights = runs / "superpoint" / "weights.safetensors"
    superpoint = SuperPoint.load(str(weights), threshold=0.0, max_keypoints=50)
    assert superpoint.model.startswith("mine:")
    assert len(superpoint.extract(np.random.default_rng(0).integers(0, 255, (96, 128), np.uint8))) == 50


def test_weights_of_the_first_stage_label(runs, photos, tmp_path):
    weights = runs / "magicpoint" / "weights.safetensors"
    run("label", photos, "--weights", weights, "--min-confidence", 0, "--warps", 1, "-o", tmp_path / "labels")
    assert len(read_labels([tmp_path / "labels"])) == 3


def test_first_stage_of_a_wide_network_starts_from_a_narrow_one(runs, tmp_path):
    wide = ("train", "magicpoint", "--architecture", "full", "--config", runs / "magicpoint.yaml", "-o", tmp_path / "wide")
    run(*wide, "--start", runs / "magicpoint", "--steps", 1)
    read = load_weights(tmp_path / "wide/weights.safetensors")
    assert read.architecture == ARCHITECTURES["full"]
    narrow = load_weights(runs / "magicpoint/weights.safetensors").tensors["conv1a.weight"]
    assert torch.allclose(read.tensors["conv1a.weight"][: len(narrow)], narrow, atol=0.02)  # one step of training apart
    result = CliRunner().invoke(app, [*map(str, wide), "--steps", "1"])
    assert result.exit_code == 2 and "start" in result.output


def test_run_folder_says_how_it_came_about(runs, labels):
    folder = runs / "superpoint"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["optimizer"]["steps"] == 2  # the option
    assert config["pairs"]["height"] == 96  # the file
    assert config["loss"]["temperature"] == 0.06  # the default
    about = json.loads((folder / "run.json").read_text())
    assert about["data"]["licences"] == {"MIT": 1, "CC-BY-4.0": 1}
    assert [session["step"] for session in about["sessions"]] == [0]
    assert about["sessions"][0]["code"]
    assert (folder / "SOURCES.tsv").read_bytes() == (labels / "SOURCES.tsv").read_bytes()
    printed = run("info", folder / "weights.safetensors")
    assert "2 images (1 MIT, 1 CC-BY-4.0)" in printed.replace("1 CC-BY-4.0, 1 MIT", "1 MIT, 1 CC-BY-4.0")


def test_mean_of_before_and_after_says_what_it_is(runs, tmp_path):
    after, mean = runs / "superpoint/weights.safetensors", tmp_path / "mean.safetensors"
    run("train", "mean", "small", after, "--name", "mean", "--licence", "MIT", "-o", mean)
    printed = run("info", mean)
    assert re.search(r"mean of small:\w{8}, mine:\w{8}", printed)
    assert re.search(r"licence +MIT", printed)
    assert "2 images (" in printed
    halves = [load_weights(path).tensors["convDb.bias"] for path in (shipped_models()["small"], after)]
    assert torch.allclose(load_weights(mean).tensors["convDb.bias"], sum(halves) / 2)


def test_calibrated_weights_have_as_many_keypoints(photos, tmp_path):
    calibrated = tmp_path / "calibrated.safetensors"
    printed = run("train", "calibrate", "full", photos, "--like", "small", "-o", calibrated)
    after, wanted = (
        float(number) for number in re.search(r"(\d+) keypoints an image instead of \d+, small has (\d+)", printed).groups()
    )
    assert after == pytest.approx(wanted, rel=0.05)
    assert "as those of small:" in run("info", calibrated).replace("\n", " ")


def test_run_with_other_settings_is_refused(runs):
    again = ("train", "magicpoint", "--config", runs / "magicpoint.yaml", "-o", runs / "magicpoint")
    result = CliRunner().invoke(app, [*map(str, again), "--steps", "3"])
    assert result.exit_code == 2
    assert "optimizer.steps: 2 → 3" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "superpoint", "{empty}", "--start", "small", "-o", "{empty}/out"], "has no labels"),
        (["train", "superpoint", "{labels}", "--start", "{empty}", "-o", "{empty}/out"], "no checkpoint.pt"),
        (["train", "superpoint", "{labels}", "--start", "nothing", "-o", "{empty}/out"], "no model 'nothing'"),
        (["train", "magicpoint", "--config", "{empty}/none.yaml", "-o", "{empty}/out"], "cannot read"),
        (["train", "magicpoint", "--precision", "16-mixed", "--accelerator", "cpu", "-o", "{empty}/out"], "needs a GPU"),
        (["train", "magicpoint", "--architecture", "huge", "-o", "{empty}/out"], "no architecture 'huge'"),
        (["train", "mean", "small", "full", "-o", "{empty}/mean.safetensors"], "have no mean"),
        (["train", "mean", "small", "-o", "{empty}/mean.safetensors"], "name two weights"),
        (["train", "mean", "small", "small", "-o", "{empty}/mean.pt"], "named *.safetensors"),
        (["train", "mean", "small", "small", "-o", "{empty}/none/mean.safetensors"], "cannot write"),
        (["train", "calibrate", "small", "{photos}", "-o", "{empty}/other.pt"], "named *.safetensors"),
        (["train", "calibrate", "small", "{empty}", "-o", "{empty}/other.safetensors"], "holds no images"),
        (["train", "calibrate", "sift", "{photos}", "-o", "{empty}/other.safetensors"], "no model 'sift'"),
        (["label", "{empty}", "-o", "{empty}/out"], "holds no images"),
        (["label", "{empty}", "--check", "4", "--ray"], "leave out --ray"),
        (["label", "{empty}", "--ray", "--device", "cuda"], "leave out --device cuda"),
        (["label", "{photos}", "--device", "tpu", "-o", "{empty}/out"], "device 'tpu'"),
        (["label", "{empty}", "--licensed", "-o", "{empty}/out"], "MANIFEST.tsv"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, message, photos, labels, tmp_path: Path):
    result = CliRunner().invoke(app, [argument.format(empty=tmp_path, labels=labels, photos=photos) for argument in arguments])
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_two_images_of_one_name_are_refused(photos, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "0.jpg").write_bytes((photos / "0.png").read_bytes())
    result = CliRunner().invoke(app, ["label", str(photos), str(copy), "-o", str(tmp_path / "labels")])
    assert result.exit_code == 2
    assert "one name" in result.output
    assert not (tmp_path / "labels").exists()


def test_labels_made_with_other_settings_are_refused(photos, labels):
    result = CliRunner().invoke(app, ["label", str(photos), "--warps", "5", "-o", str(labels)])
    assert result.exit_code == 2
    assert "warps 4, not 5" in result.output


def test_label_and_the_library_have_the_same_defaults():
    option = {parameter.name: parameter.default for parameter in get_command(app).commands["label"].params}
    library = AdaptationConfig()
    for name in ("warps", "min_confidence", "max_keypoints", "nms_radius"):
        assert option[name] == getattr(library, name), name
    assert (option["rotation"], option["scale"]) == (library.spread.rotation, library.spread.scale)


def test_size_spacing_and_views_of_labels_are_options_which_the_check_heeds(photos, tmp_path):
    chosen = ("--warps", 3, "--max-size", 160, "--nms-radius", 12, "--rotation", 10, "--scale", 1.2)
    run("label", photos, *chosen, "-o", tmp_path / "labels")
    settings = json.loads((tmp_path / "labels" / "settings.json").read_text())
    assert (settings["max_size"], settings["spread"]["rotation"], settings["spread"]["scale"]) == (160, 10, 1.2)
    images = read_labels([tmp_path / "labels"])
    for image in images:
        assert image.image.shape == (120, 160)
        corners = image.points.corners
        apart = np.abs(corners[:, None] - corners[None]).max(axis=2) + 100 * np.eye(len(corners))
        assert apart.min() > 11  # and each moves by up to half a pixel
    found = float(re.search(r"([\d.]+) labels each", run("label", photos, *chosen, "--check", 3))[1])
    assert found == round(np.mean([len(image.points.corners) for image in images]))


@pytest.mark.parametrize("detector", [[], ["--weights", "small"]])
def test_labels_of_every_detector_can_be_checked(photos, tmp_path, detector):
    output = run("label", photos, *detector, "--warps", 3, "--check", 2, "-o", tmp_path / "none")
    assert "2 images" in output
    assert f"by {'small:' if detector else 'shi-tomasi'}" in output
    shares = [float(share) for share in re.findall(r"([\d.]+)% within", output)]
    assert 30 < shares[0] <= shares[1] <= 100
    assert not (tmp_path / "none").exists()
