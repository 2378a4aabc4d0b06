"""Changes of light and quality leave the scene where it is."""

import numpy as np
import pytest

from superpoint_ros.simulation.augmentation import augment, degrade
from superpoint_ros.simulation.sequence import SimulatedSequence

IMAGE = SimulatedSequence(frames=2, size=(160, 120)).frame(0).image


@pytest.mark.parametrize("change", [augment, degrade])
def test_a_seed_gives_one_image_and_another_seed_another(change) -> None:
    first, again, other = (change(np.random.default_rng(seed), IMAGE) for seed in (1, 1, 2))
    assert first.shape == IMAGE.shape and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_no_strength_changes_nothing() -> None:
    np.testing.assert_array_equal(augment(np.random.default_rng(0), IMAGE, strength=0.0), IMAGE)


def test_degrading_ruins_in_each_way_but_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    smooth = noisy = blocky = 0
    for _ in range(40):
        change = degrade(rng, IMAGE).astype(float) - IMAGE
        assert change.std() > 1.0
        assert np.corrcoef((IMAGE + change).ravel(), IMAGE.ravel())[0, 1] > 0.3
        detail = [np.abs(np.diff(image.astype(float), axis=1)).mean() for image in (IMAGE, IMAGE + change)]
        noisy += detail[1] > 1.5 * detail[0]
        smooth += detail[1] < 0.75 * detail[0]
        columns = np.abs(np.diff(IMAGE + change, axis=1)).mean(axis=0)
        blocky += columns[7::8].mean() > 1.2 * np.delete(columns, np.s_[7::8]).mean()
    assert noisy > 10 and smooth > 2 and blocky > 2
