import numpy as np
import pytest

from backend.base.exposure import brighten


def picture(brightest, size=256):
    levels = np.linspace(0, brightest, size).astype(np.uint8)
    return np.stack([np.tile(levels, (size, 1))] * 3, axis=-1)


def test_a_picture_with_light_parts_stays_as_it_is():
    lit = picture(200)
    assert brighten(lit) is lit


@pytest.mark.parametrize("brightest", [20, 40, 70])
def test_the_light_parts_of_a_dark_picture_become_bright(brightest):
    bright = brighten(picture(brightest))
    assert bright.dtype == np.uint8 and bright.shape == (256, 256, 3)
    assert np.percentile(bright, 98) == pytest.approx(220, abs=8)
    assert (np.diff(bright[0, :, 0].astype(int)) >= 0).all() and bright.min() == 0


def test_the_factor_falls_steadily_to_one():
    medians = [np.median(brighten(picture(brightest))) / brightest for brightest in range(60, 200, 4)]
    assert max(np.diff(medians)) < 0.05 and medians[0] > 1.5 and medians[-1] == pytest.approx(0.5, abs=0.01)


def test_a_black_picture_stays_black():
    assert not brighten(np.zeros((64, 64, 3), np.uint8)).any()
