"""The measures of feet, computed by hand: the shipped weights of `world.contacts` were trained on these columns."""

from dataclasses import replace

import numpy as np
import pytest

from backend.world.foot_measures import MEASURES, SeenFeet, measure_feet

TIMES = np.arange(31) / 30
MIDDLE = slice(10, 21)
ASIDE, UP, RISE = [0, 2, 4], [1, 3, 5], [6, 7]              # over three windows of time, the rise over the two longer ones
SEEN_HEIGHT, POSED_HEIGHT, OVER_LOWEST, IS_TOE, POSED_SPEED, POSED_RISE, NOISE = range(8, 15)


def feet_at(posed, seen=None, camera=(0.0, -4.0, 1.4), right=(1.0, 0.0, 0.0), times=TIMES):
    """Return feet that are all at posed (T, 3) or (3,), seen at `seen`, from a camera that looks along +y."""
    posed, seen = (np.broadcast_to(np.asarray(places, float)[..., None, :], (len(times), 4, 3))
                   for places in (posed, posed if seen is None else seen))
    return SeenFeet(posed, seen, np.tile(camera, (len(times), 1)), np.tile(right, (len(times), 1)), times)


def going(velocity, at=(0.0, 0.0, 1.4)):
    """Return positions (T, 3) of a point that moves with a velocity (m/s) and is at `place` in the middle of the clip."""
    return at + (TIMES - 0.5)[:, None] * velocity


def measured(feet, columns):
    """Return measures (frames, 4, columns) of frames in which the windows do not reach the clip's ends."""
    return measure_feet(feet)[MIDDLE][..., columns]


def grown(value, scale):
    return np.log1p((value / scale) ** 2)


@pytest.mark.parametrize("speed", [0.4, -0.4])
def test_a_foot_that_rises_in_the_picture_has_its_speed_upwards(speed):
    feet = feet_at((0.0, 0.0, 0.0), going((0, 0, speed)))
    np.testing.assert_allclose(measured(feet, RISE), speed, rtol=0.01)
    np.testing.assert_allclose(measured(feet, UP), grown(0.4, 0.10), rtol=0.01)
    np.testing.assert_allclose(measured(feet, ASIDE), 0.0, atol=1e-9)


@pytest.mark.parametrize("speed", [0.3, -0.3])
def test_a_foot_that_goes_across_the_picture_has_its_speed_aside(speed):
    feet = feet_at((0.0, 0.0, 0.0), going((speed, 0, 0)))
    np.testing.assert_allclose(measured(feet, ASIDE), grown(0.3, 0.15), rtol=0.01)
    np.testing.assert_allclose(measured(feet, [*UP, *RISE]), 0.0, atol=0.01)


def test_a_foot_that_goes_along_its_ray_does_not_move_in_the_picture():
    feet = feet_at((0.0, 0.0, 0.0), going((0, 0.6, 0)))
    np.testing.assert_allclose(measured(feet, [*ASIDE, *UP, *RISE]), 0.0, atol=1e-9)


@pytest.mark.parametrize(("velocity", "rise"), [((0, 0.5, 0), 0.5 / np.sqrt(2)), ((0, 0, 0.5), 0.5 / np.sqrt(2))],
                         ids=["away from the camera", "upwards"])
def test_seen_from_above_going_away_is_rising_in_the_picture(velocity, rise):
    feet = feet_at((0.0, 0.0, 0.0), going(velocity, at=(0.0, 0.0, 0.0)), camera=(0.0, -4.0, 4.0))      # 45 degrees down
    np.testing.assert_allclose(measured(feet, RISE)[5], rise, rtol=0.01)
    np.testing.assert_allclose(measured(feet, UP)[5], grown(rise, 0.10), rtol=0.01)


def test_a_foot_at_the_pictures_side_is_measured_across_its_ray():
    # The ray goes 45 degrees to the right: 0.5 m/s to the right are 0.5 / sqrt 2 across it, and so much of it counts again as
    # the picture's right is across the ray: 1 / sqrt 2.
    feet = feet_at((0.0, 0.0, 0.0), going((0.5, 0, 0), at=(4.0, 0.0, 1.4)))
    np.testing.assert_allclose(measured(feet, ASIDE)[5], grown(0.5 / 2, 0.15), rtol=0.01)
    np.testing.assert_allclose(measured(feet, RISE), 0.0, atol=0.01)


def test_no_rise_counts_for_more_than_two_metres_a_second():
    for speed in (5.0, -5.0):
        feet = feet_at((0.0, 0.0, 0.0), going((0, 0, speed), at=(0.0, 0.0, 1.4)), camera=(0.0, -40.0, 1.4))
        np.testing.assert_allclose(measured(feet, RISE)[4:7], np.sign(speed) * 2.0)


def test_heights_over_the_floor_are_measured_as_seen_and_as_posed():
    feet = feet_at((0.0, 0.0, 0.04), (0.0, 0.0, 0.08))
    np.testing.assert_allclose(measured(feet, SEEN_HEIGHT), grown(0.08, 0.04), rtol=1e-6)
    np.testing.assert_allclose(measured(feet, POSED_HEIGHT), grown(0.04, 0.04), rtol=1e-6)
    below = feet_at((0.0, 0.0, -0.05), (0.0, 0.0, -0.05))
    np.testing.assert_allclose(measured(below, [SEEN_HEIGHT, POSED_HEIGHT]), 0.0, atol=1e-9)


def test_a_sole_is_measured_over_the_lowest_of_the_four():
    feet = feet_at((0.0, 0.0, 0.0))
    seen = feet.seen.copy()
    seen[:, 2, 2], seen[:, 3, 2] = 0.10, -0.05           # the right toes are lowest
    heights = measured(replace(feet, seen=seen), OVER_LOWEST)
    np.testing.assert_allclose(heights, np.tile(grown(np.array((0.05, 0.05, 0.15, 0.0)), 0.05), (11, 1)), rtol=1e-6)


def test_toes_are_distinguished_from_heels():
    assert measured(feet_at((0.0, 0.0, 0.0)), IS_TOE).tolist() == [[0.0, 1.0, 0.0, 1.0]] * 11


def test_the_posed_foots_speed_counts_in_every_direction_and_its_rise_alone():
    feet = feet_at(going((0.3, 0.4, 0.0)), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(measured(feet, POSED_SPEED), grown(0.5, 0.30), rtol=1e-6)
    np.testing.assert_allclose(measured(feet, POSED_RISE), 0.0, atol=1e-9)
    rising = feet_at(going((0.0, 0.0, 0.3)), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(measured(rising, POSED_RISE), grown(0.3, 0.15), rtol=1e-6)


def test_trembling_is_measured_as_its_logarithm_and_none_is_a_millimetre():
    times = np.arange(601) / 30
    still = feet_at((0.0, 0.0, 1.4), times=times)
    assert measure_feet(still)[0, 0, NOISE] == pytest.approx(np.log(0.001))
    noise = np.random.default_rng(0).normal(0, 0.02, still.seen.shape)
    noise_measures = np.exp(measure_feet(replace(still, seen=still.seen + noise))[..., NOISE])
    assert np.ptp(noise_measures) == 0.0          # one figure for the clip
    # Half of what is normally spread lies within 0.674 sigmas; aside and up add up; smoothing takes a part of it along.
    assert noise_measures[0, 0] == pytest.approx(2 * 0.674 * 0.02, rel=0.25)
    along_the_ray = feet_at((0.0, 0.0, 1.4), (0.0, 0.0, 1.4) + noise[:, 0] * (0, 1, 0), times=times)
    assert measure_feet(along_the_ray)[0, 0, NOISE] == pytest.approx(np.log(0.001))


def test_there_are_as_many_measures_as_the_shipped_weights_take():
    assert measure_feet(feet_at((0.0, 0.0, 0.0))).shape == (31, 4, MEASURES) and MEASURES == NOISE + 1
