"""Labels by several processes of a Ray cluster."""

import os
import sys
import time

import numpy as np
import pytest

from superpoint_ros.errors import MissingDependencyError
from superpoint_ros.simulation.sequence import SimulatedSequence
from superpoint_ros.training.homographic_adaptation import AdaptationConfig, label_here, load_detector
from superpoint_ros.training.ray_cluster import label_on_ray


@pytest.fixture
def cluster(monkeypatch):
    import ray

    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "180")  # a busy machine takes longer than Ray expects
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def one_thread(monkeypatch):
    """As in a worker: with another number of threads, sums are rounded in another order."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_workers_give_the_labels_of_one_process(cluster, one_thread, tmp_path):
    images = [SimulatedSequence(frames=3, seed=n, size=(160 + 8 * n, 120)).frame(0).image for n in range(7)]
    config = AdaptationConfig(warps=5, min_confidence=0.2)
    _, detector = load_detector("small")
    here = list(label_here(images, detector, config))

    def traced(batch):
        (tmp_path / str(os.getpid())).touch()
        while len(list(tmp_path.iterdir())) < 2:  # the first worker shall not do all the work before there is a second
            time.sleep(0.05)
        return detector(batch)

    there = list(label_on_ray(images, traced, config))
    assert len(list(tmp_path.iterdir())) == 2
    assert not (tmp_path / str(os.getpid())).exists()
    for (image, labels), (same, expected) in zip(there, here, strict=True):
        assert np.array_equal(image, same)
        assert len(expected.corners) > 10
        assert np.array_equal(labels.corners, expected.corners)
        assert np.array_equal(labels.confidence, expected.confidence)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"superpoint-ros\[ray\]"):
        next(label_on_ray([np.zeros((64, 64), np.uint8)], lambda batch: batch, AdaptationConfig()))
