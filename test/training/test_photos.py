"""Labels on disk: made once, with one set of settings."""

import json

import cv2
import numpy as np
import pytest

from superpoint_ros.errors import DataError
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, shi_tomasi_detector
from superpoint_ros.training.photos import Photo, read_labels, render_scenes, write_labels

CONFIG = AdaptationConfig(warps=2)
SHI = ("shi-tomasi", shi_tomasi_detector)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for n in range(4):
        noise = np.random.default_rng(n).integers(0, 255, (12, 16), np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), cv2.resize(noise, (160, 120), interpolation=cv2.INTER_NEAREST))
    return [Photo(folder / f"{n}.png") for n in range(4)]


class Stop(BaseException):
    """What kills the process."""


def test_interrupted_work_goes_on_and_ends_with_the_same_labels(photos, tmp_path):
    write_labels(photos, tmp_path / "whole", SHI, CONFIG)
    calls = []

    def until_the_third(batch):
        calls.append(len(batch))
        if len(calls) == 3:
            raise Stop
        return shi_tomasi_detector(batch)

    parts = tmp_path / "parts"
    with pytest.raises(Stop):
        write_labels(photos, parts, ("shi-tomasi", until_the_third), CONFIG)
    assert calls == [3, 3, 3]  # an image and two views each, in one call
    done = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert sorted(done) == ["0.npz", "1.npz"]
    (parts / "2.partial.npz").write_bytes(b"half of a file")

    seen = []
    write_labels(photos, parts, SHI, CONFIG, on_image=lambda: seen.append(1))
    assert len(seen) == 4
    assert {name: (parts / name).stat().st_mtime_ns for name in done} == done
    assert not list(parts.glob("*.partial*"))
    for whole, part in zip(read_labels([tmp_path / "whole"]), read_labels([parts]), strict=True):
        assert len(whole.points.corners) > 20
        assert np.array_equal(whole.points.corners, part.points.corners)
        assert np.array_equal(whole.points.confidence, part.points.confidence)
        assert np.array_equal(whole.image, part.image)


@pytest.mark.parametrize(
    ("detector", "config", "max_size", "what"),
    [
        (("small:1a2b", shi_tomasi_detector), CONFIG, 480, "detector shi-tomasi, not small:1a2b"),
        (SHI, AdaptationConfig(warps=3), 480, "warps 2, not 3"),
        (SHI, CONFIG, 320, "max_size 480, not 320"),
    ],
)
def test_labels_of_other_settings_are_refused_and_kept(photos, tmp_path, detector, config, max_size, what):
    write_labels(photos[:1], tmp_path, SHI, CONFIG)
    with pytest.raises(DataError, match=what):
        write_labels(photos, tmp_path, detector, config, max_size)
    assert [path.name for path in tmp_path.glob("*.npz")] == ["0.npz"]
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["detector"], settings["warps"], settings["max_size"]) == ("shi-tomasi", 2, 480)


def test_damaged_settings_are_one_clear_line(photos, tmp_path):
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        write_labels(photos, tmp_path, SHI, CONFIG)


def test_rooms_are_rendered_once(tmp_path):
    first = render_scenes(tmp_path, 1)
    before = first[0].path.stat().st_mtime_ns
    assert cv2.imread(str(first[0].path)) is not None
    assert render_scenes(tmp_path, 1) == first
    assert first[0].path.stat().st_mtime_ns == before
    assert len(list(tmp_path.iterdir())) == 1
