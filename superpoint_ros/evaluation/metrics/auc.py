"""Area under the curve of errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def error_auc(errors: ArrayLike, thresholds: Sequence[float]) -> tuple[float, ...]:
    """Area under the curve "share of pairs with an error below e" for e from 0 to each threshold, divided by the threshold.

    errors: (N,) one per pair; infinity where nothing was found, so that a failure costs as much as a useless estimate.
    In [0, 1]; 1 is perfect. As in SuperGlue (Sarlin et al., CVPR 2020, section 5), the curve is linear between the sorted errors.
    No pairs give NaN.
    """
    found = np.sort(np.asarray(errors, np.float64).ravel())
    if len(found) == 0:
        return tuple(float("nan") for _ in thresholds)
    if np.isnan(found).any():
        raise ValueError("an error is NaN; give infinity for a pair without an estimate")
    at = np.concatenate([[0.0], found])
    recall = np.arange(len(at)) / len(found)
    areas = []
    for threshold in thresholds:
        inside = int(np.searchsorted(at, threshold))
        e = np.concatenate([at[:inside], [threshold]])
        r = np.concatenate([recall[:inside], [recall[inside - 1]]])
        areas.append(float(np.sum(np.diff(e) * (r[1:] + r[:-1]) / 2.0) / threshold))
    return tuple(areas)
