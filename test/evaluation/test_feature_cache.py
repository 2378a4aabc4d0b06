"""What was extracted once is read, and only then; what is damaged is made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DataError
from superpoint_ros.evaluation import feature_cache
from superpoint_ros.evaluation.feature_cache import FeatureCache, default_folder
from superpoint_ros.evaluation.feature_source import ExtractedFeatures
from superpoint_ros.types import Features


def make(count: int = 50, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    keypoints, descriptors = rng.random((count, 2), np.float32), rng.random((count, 8), np.float32)
    return Features(keypoints, rng.random(count, np.float32), descriptors, (320, 240), "test:1")


def never() -> Features:
    raise AssertionError("this must come from the cache")


def assert_same(a: Features, b: Features) -> None:
    for field in ("keypoints", "scores", "descriptors"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert (a.image_size, a.model) == (b.image_size, b.model)


IMAGE = np.arange(600, dtype=np.uint8).reshape(20, 30)


@pytest.mark.parametrize("count", [0, 50])
def test_a_second_run_reads(tmp_path: Path, count: int) -> None:
    key = FeatureCache(tmp_path).key(IMAGE, {"k": 1})
    FeatureCache(tmp_path).get(key, lambda: make(count))
    cache = FeatureCache(tmp_path)
    for _ in range(2):  # from the disk, then from memory
        assert_same(cache.get(key, never), make(count))
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".npz"]


def test_without_a_folder_the_newest_are_kept(tmp_path: Path) -> None:
    cache = FeatureCache(None)
    for k in range(40):
        cache.get(str(k), make)
    for k in range(39, 10, -1):
        cache.get(str(k), never)
    with pytest.raises(AssertionError):
        cache.get("0", never)


def test_pixels_shape_and_settings_make_the_key() -> None:
    cache = FeatureCache(None)
    other = IMAGE.copy()
    other[7, 7] += 1
    settings = {"max_keypoints": 100, "size": (30, 20), "model": "sift"}
    keys = [
        cache.key(image, {**settings, **changes})
        for image, changes in (
            (IMAGE, {}),
            (other, {}),
            (IMAGE.reshape(30, 20), {}),
            (IMAGE, {"max_keypoints": 101}),
            (IMAGE, {"size": None}),
            (IMAGE, {"model": "orb"}),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert cache.key(np.asfortranarray(IMAGE), dict(reversed(settings.items()))) == keys[0]


def test_other_code_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FeatureCache(None).key(IMAGE, {})
    monkeypatch.setattr(feature_cache, "_code_checksum", lambda: "another revision")
    assert FeatureCache(None).key(IMAGE, {}) != before


@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "text", "fields"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: str) -> None:
    FeatureCache(tmp_path).get("ab12", make)
    (path,) = tmp_path.rglob("*.npz")
    content = bytearray(path.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 4
    if damage == "fields":
        np.savez(path, keypoints=np.zeros((3, 2), np.float32))
    else:
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "bit": content, "text": b"features"}[damage])
    assert_same(FeatureCache(tmp_path).get("ab12", lambda: make(seed=5)), make(seed=5))
    assert_same(FeatureCache(tmp_path).get("ab12", never), make(seed=5))


def test_a_killed_writer_leaves_no_entry(tmp_path: Path) -> None:
    """The process dies while it writes, with half of the arrays in the file."""
    code = (
        "import numpy, os, sys\n"
        "from pathlib import Path\n"
        "from superpoint_ros.evaluation.feature_cache import FeatureCache\n"
        "from superpoint_ros.types import Features\n"
        "def half(file, **arrays):\n"
        "    file.write(b'x' * 5000); file.flush(); print('writing', flush=True)\n"
        "    sys.stdin.read()\n"
        "numpy.savez = half\n"
        "f = numpy.zeros\n"
        "features = Features(f((9, 2), 'f4'), f(9, 'f4'), f((9, 4), 'f4'), (8, 6), 'm')\n"
        "FeatureCache(Path(sys.argv[1])).get('ab12', lambda: features)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    writer.kill()
    writer.communicate()
    assert not list(tmp_path.rglob("*.npz"))
    assert_same(FeatureCache(tmp_path).get("ab12", make), make())
    assert_same(FeatureCache(tmp_path).get("ab12", never), make())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot write the cache .*file"):
        FeatureCache(tmp_path / "file").get("ab12", make)


def test_the_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "superpoint_ros" / "features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "superpoint_ros" / "features"


class Picture:
    """An ``ImageFile`` in memory."""

    name = "picture"

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def read(self) -> np.ndarray:
        return self.pixels


def test_extraction_is_not_repeated_until_something_changes(tmp_path: Path) -> None:
    """Told by the files: an entry that was read is not written again."""
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160), dtype=np.uint8)

    def entries_after(pixels: np.ndarray, size: tuple[int, int] | None = None, **settings: object) -> int:
        config = ExtractorConfig(**{"model": "sift", "max_keypoints": 50, **settings})
        ExtractedFeatures(config, FeatureCache(tmp_path)).features(Picture(pixels), size)
        return len(list(tmp_path.rglob("*.npz")))

    assert entries_after(pixels) == 1
    (path,) = tmp_path.rglob("*.npz")
    written = path.stat().st_mtime_ns
    assert entries_after(pixels) == 1 and path.stat().st_mtime_ns == written
    assert entries_after(255 - pixels) == 2
    assert entries_after(pixels, border=9) == 3
    assert entries_after(pixels, model="orb") == 4
    assert entries_after(pixels, (80, 60)) == 5
