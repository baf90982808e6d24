"""Two clocks that do not run alike: the gain of one is found in clips that are long enough to tell."""

import numpy as np
import pytest

from backend.views.cameras import find_cameras

from .made_views import make_view, read_still, still_cameras


def find(frames, gain):
    """Return the cameras of two views at 10 frames a second; the second one's clock gains."""
    views = make_view("a.mp4", frames=frames, fps=10), make_view("b.mp4", 90, start=0.2, frames=frames, fps=10, gain=gain)
    group = tuple(read_still(view) for view in views)
    return find_cameras([group], still_cameras(0.0, -0.2), [True, True], [False], np.zeros((2, 2)))


@pytest.mark.parametrize("gain", [1.5e-4, -1.5e-4])
def test_a_clock_that_gains_nine_milliseconds_a_minute_is_noticed_in_ten_minutes(gain):
    cameras = find(6000, gain)
    assert cameras.gains[1] == pytest.approx(gain, abs=3e-5)
    times = np.array((1.0, 300.0, 599.0))
    np.testing.assert_allclose(cameras.seconds(1, times), (1 + gain) * (times - 0.2), atol=0.008)


def test_a_short_clip_does_not_tell_a_gain():
    assert find(200, 1.5e-4).gains[1] == 0
