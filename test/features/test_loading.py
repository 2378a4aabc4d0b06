"""What is heavy or optional is only imported by those who use it."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


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


def test_missing_torch_names_the_extra_to_install() -> None:
    result = run(
        "import sys\n"
        "sys.modules['torch'] = None  # as if it were not installed\n"
        "from superpoint_ros.features.extractor import SuperPoint\n"
        "SuperPoint.load('small')"
    )
    assert result.stderr.splitlines()[-1] == (
        "superpoint_ros.errors.MissingDependencyError: torch is needed to run the network: pip install 'superpoint-ros[torch]'"
    )
