"""Area under the error curve against the geometry of its trapezoids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpoint_ros.evaluation.metrics.auc import error_auc


@given(st.lists(st.floats(0, 30), min_size=1, max_size=30), st.sampled_from([1.0, 5.0, 20.0]))
@settings(deadline=None)
def test_it_is_a_fine_integral_of_the_curve(errors: list[float], threshold: float) -> None:
    knots, share = np.array([0.0, *sorted(errors)]), np.arange(len(errors) + 1) / len(errors)
    # Linear between sorted errors and, by convention, level after the last one below the threshold.
    below = int((knots < threshold).sum())
    middles = (np.arange(40000) + 0.5) * threshold / 40000
    curve = np.interp(middles, knots[:below], share[:below])
    assert error_auc(errors, [threshold])[0] == pytest.approx(float(curve.mean()), abs=2e-3)


def test_failures_cost_as_much_as_useless_estimates() -> None:
    assert error_auc([0.0, np.inf], (3.0,)) == error_auc([0.0, 1e9], (3.0,)) == pytest.approx((0.5,))
    assert error_auc([np.inf], (1.0, 3.0)) == (0.0, 0.0)


def test_no_errors_have_no_area_and_a_nan_is_refused() -> None:
    assert np.isnan(error_auc([], (1.0,))[0])
    with pytest.raises(ValueError, match="NaN"):
        error_auc([1.0, float("nan")], (1.0,))
