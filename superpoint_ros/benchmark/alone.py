"""One contender alone in a process of its own, with a number of threads: that shows its memory, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from superpoint_ros.benchmark.contenders import Contender
from superpoint_ros.benchmark.result import Measurement
from superpoint_ros.benchmark.timing import Timing, take_turns
from superpoint_ros.errors import SuperPointRosError
from superpoint_ros.types import Image

GROUP = "alone"
_TIMEOUT = 600.0


def measure_alone(contender: Contender, keypoints: int, image: Image, threads: int, rounds: int) -> Measurement:
    """Time and memory of an extraction. Raises SuperPointRosError with the last line that the process wrote where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.npy"
        np.save(path, image)
        task = {**asdict(contender), "keypoints": keypoints, "threads": threads, "rounds": rounds}
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        command = [sys.executable, "-m", "superpoint_ros.benchmark.alone", json.dumps(task), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_TIMEOUT, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise SuperPointRosError(f"{contender.name} could not be measured in a process of its own: {lines[-1]}")
    found = json.loads(done.stdout.splitlines()[-1])
    height, width = image.shape[:2]
    return Measurement(
        GROUP, contender.name, Timing(**found["timing"]), width, height, keypoints, threads, found["found"], found["peak_mb"]
    )


def main(arguments: list[str]) -> None:
    """The child: prints one JSON object."""
    import cv2

    task, image = json.loads(arguments[0]), np.load(arguments[1])
    cv2.setNumThreads(task["threads"])  # OpenCV does not heed OMP_NUM_THREADS
    before = _peak_mb()
    extractor = Contender(task["model"], task["backend"]).load(task["keypoints"])
    timing = take_turns({"extract": lambda: extractor.extract(image)}, task["rounds"])["extract"]
    found = {"found": len(extractor.extract(image)), "peak_mb": round(_peak_mb() - before, 1)}
    print(json.dumps({"timing": asdict(timing), **found}))


def _peak_mb() -> float:
    """The largest memory of this process so far; 0 where the system does not say it as Linux does.

    Not getrusage: its figure starts with what the parent had.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return float(status.split("VmHWM:")[1].split()[0]) / 1e3


if __name__ == "__main__":
    main(sys.argv[1:])
