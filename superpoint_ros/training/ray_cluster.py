"""Labels of many images by the processors of many machines, with Ray."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superpoint_ros.errors import DeviceError, MissingDependencyError
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, Detector, label
from superpoint_ros.training.labels import InterestPoints


def label_on_ray(
    images: Iterable[NDArray[np.uint8]], detector: Detector, config: AdaptationConfig
) -> Iterator[tuple[NDArray[np.uint8], InterestPoints]]:
    """Each image with its labels, in the order given, as ``label_here`` does, one image for each processor of a Ray cluster.

    Images, network and labels travel through Ray: the other machines need this package with the same extras, but no files. The
    cluster is the one that this process is connected to, else that of RAY_ADDRESS, else one running on this machine, else one is
    started here.
    Raises MissingDependencyError, and DeviceError where no cluster answers.
    """
    ray = _connected()
    # One task for each processor, which sees one thread only: images are many enough to keep all busy.
    task, shared = ray.remote(num_cpus=1)(label), ray.put(detector)
    ahead = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
    running: deque[tuple[NDArray[np.uint8], Any]] = deque()
    for image in images:
        running.append((image, task.remote(shared, image, config)))
        if len(running) > ahead:
            yield _result(ray, *running.popleft())
    while running:
        yield _result(ray, *running.popleft())


def _result(ray: Any, image: NDArray[np.uint8], reference: Any) -> tuple[NDArray[np.uint8], InterestPoints]:
    points = ray.get(reference)
    # What Ray returns lies in its shared memory and cannot be written to.
    return image, InterestPoints(np.array(points.corners), np.array(points.confidence))


def _connected() -> Any:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{error.name} is needed for --ray: pip install 'superpoint-ros[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise DeviceError(f"no Ray cluster answers ({reason}): set RAY_ADDRESS, or unset it to start one here") from error
    return ray
