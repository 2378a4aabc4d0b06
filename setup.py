"""Compiles the ROS messages with CMake while pip builds the package. Everything else is in pyproject.toml.

The messages are built against a sourced ROS installation, or against the ROS wheels of the extras ``ros`` and ``ros-build``.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parent.resolve()
PACKAGE = "superpoint_ros"
ROS_PREFIXES = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
ROS_IS_SOURCED = any((prefix / "share/rosidl_default_generators").is_dir() for prefix in ROS_PREFIXES)
WHEELS_EXIST = platform.system() == "Linux" and platform.machine() == "x86_64"


def build_requirements() -> list[str]:
    """What the messages need besides pyproject's build-system, from the extras of the same names."""
    if ROS_IS_SOURCED or not WHEELS_EXIST:
        return []
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [*extras["ros"], *extras["ros-build"]]


class BuildWithMessages(build_py):
    """Puts the generated Python into the package, and libraries, launch files and the like into the environment's prefix."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)  # may hold modules that are gone from the source tree
        super().run()
        if not (ROS_IS_SOURCED or WHEELS_EXIST):
            print("No ROS and no ROS wheels for this platform: building without messages and nodes.", file=sys.stderr)
            return
        prefix = self.compile_messages()
        package = ROOT / PACKAGE if self.editable_mode else Path(self.build_lib) / PACKAGE
        (generated,) = prefix.glob(f"**/*-packages/{PACKAGE}")
        shutil.rmtree(package / "msg", ignore_errors=True)
        shutil.copytree(generated / "msg", package / "msg", ignore=shutil.ignore_patterns("__pycache__"))
        for library in generated.glob("*.so"):
            shutil.copy2(library, package)
        self.distribution.data_files += data_files(prefix)

    def compile_messages(self) -> Path:
        """Run CMake on the same file as colcon does; returns the prefix it installed into."""
        build = Path(self.get_finalized_command("build").build_temp).resolve()
        prefix = build / "prefix"
        shutil.rmtree(build, ignore_errors=True)  # settings of an earlier build may name another, vanished, environment
        ros = ROS_PREFIXES if ROS_IS_SOURCED else [wheel_prefix()]
        settings = {
            "CMAKE_BUILD_TYPE": "Release",
            "CMAKE_INSTALL_MESSAGE": "NEVER",
            "CMAKE_INSTALL_PREFIX": prefix,
            "CMAKE_PREFIX_PATH": ";".join(map(str, ros)),
            "Python3_EXECUTABLE": sys.executable,
        }
        run_cmake("-S", ROOT, "-B", build / "cmake", "-G", "Ninja", *(f"-D{name}={value}" for name, value in settings.items()))
        run_cmake("--build", build / "cmake")
        run_cmake("--install", build / "cmake")
        return prefix


def wheel_prefix() -> Path:
    """The prefix that the wheels are installed in: pip's build environment, or that of this Python without build isolation."""
    from importlib.metadata import files

    (config,) = (f for f in files("ros-ament-cmake") or () if f.name == "ament_cmakeConfig.cmake")
    return Path(config.locate()).resolve().parents[3]


def run_cmake(*arguments: str | Path) -> None:
    """Run one step; pip shows its output where it fails."""
    environment = dict(os.environ)
    if ROS_IS_SOURCED:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, ros_python_path()))
    try:
        subprocess.run(["cmake", *map(str, arguments)], env=environment, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"Building the ROS messages failed in: {' '.join(map(str, error.cmd))}") from None


def ros_python_path() -> list[Path]:
    """Where the generators find ROS and system packages, which pip's build isolation hides, and cmake its own."""
    import setuptools

    patterns = ("lib/python3*/*-packages", "local/lib/python3*/*-packages")
    ros = [folder for prefix in ROS_PREFIXES for pattern in patterns for folder in prefix.glob(pattern)]
    return [*ros, Path(setuptools.__file__).parents[1]]


def data_files(prefix: Path) -> list[tuple[str, list[str]]]:
    """Every file below lib/ and share/ that is not Python, as (folder in the environment, files)."""
    result: dict[str, list[str]] = {}
    for top in ("lib", "share"):
        for path in sorted((prefix / top).rglob("*")):
            if path.is_file() and not any(part.endswith("-packages") for part in path.parts):
                result.setdefault(str(path.parent.relative_to(prefix)), []).append(str(path))
    return list(result.items())


class BinaryDistribution(Distribution):
    """The messages make the wheel one of this Python and platform."""

    def has_ext_modules(self) -> bool:
        return True

    def has_data(self) -> bool:
        """Without this an editable install leaves data_files out."""
        return self.has_data_files()


setup(
    cmdclass={"build_py": BuildWithMessages},
    data_files=[],
    distclass=BinaryDistribution,
    setup_requires=build_requirements(),
)
