import numpy as np
import pytest

from mpsnet_blender.motion.base.smoothing import frame_durations, frame_seconds, smooth, smooth_measured, smoothstep

TIMES = np.arange(60) / 30
UNEVEN = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.06, 60))


def savitzky_golay(values, sigma_frames, degree):
    """Return values (T,) convolved with the Gaussian window's weights of a parabola, or of a mean, mirrored at both ends."""
    reach = int(np.floor(3 * sigma_frames + 1e-6)) + 1
    offsets = np.arange(-reach, reach + 1) / sigma_frames
    weights = np.exp(-0.5 * offsets**2)
    if degree == 2:
        second, fourth = (weights * offsets**2).sum(), (weights * offsets**4).sum()
        weights = weights * (fourth - second * offsets**2)
    padded = np.concatenate((2 * values[0] - values[reach:0:-1], values, 2 * values[-1] - values[-2:-reach - 2:-1]))
    return np.convolve(padded, weights / weights.sum(), mode="valid")


@pytest.mark.parametrize("degree", [0, 2])
@pytest.mark.parametrize("fps", [24, 30, 60, 120])
def test_at_even_times_smoothing_is_a_convolution(fps, degree):
    times, values = np.arange(600) / fps, np.random.default_rng(0).normal(size=600)
    for seconds in (0.04, 0.1, 0.2):
        expected = savitzky_golay(values, seconds * fps, degree)
        np.testing.assert_allclose(smooth(values, times, seconds, degree), expected, atol=1e-9)


def test_even_times_are_smoothed_as_times_with_one_step_that_is_hardly_longer():
    values = np.random.default_rng(4).normal(size=(90, 3))
    times, nudged = np.arange(90) / 30, np.append(np.arange(89) / 30, 89 / 30 + 1e-5)
    for degree in (0, 2):
        even, uneven = smooth(values, times, 0.1, degree), smooth(values, nudged, 0.1, degree)
        np.testing.assert_allclose(even[:70], uneven[:70], atol=1e-12)
        assert 1e-12 < np.abs(even - uneven).max() < 1e-3      # the last step counts: it is not taken for an even one


def test_at_varying_times_the_same_motion_is_smoothed_to_the_same_places():
    def motion(times):
        return np.sin(2 * np.pi * times) + 0.1 * np.sin(2 * np.pi * 4 * times)

    fine = np.arange(0, 8, 1 / 240)
    generator = np.random.default_rng(1)
    varying = {"jittered": np.sort(np.arange(240) / 30 + generator.uniform(-0.012, 0.012, 240)),
               "dropped": np.delete(np.arange(240), np.arange(3, 240, 7) + generator.integers(0, 4, 34)) / 30,
               "24 to 60": np.concatenate((np.arange(0, 4, 1 / 24), np.arange(4, 8, 1 / 60)))}
    for name, times in varying.items():
        for degree in (0, 2):
            expected = np.interp(times, fine, smooth(motion(fine), fine, 0.1, degree))
            off = np.abs(smooth(motion(times), times, 0.1, degree) - expected)[20:-20].max()
            print(f"{name}, degree {degree}: {off:.4f} off")
            assert off < 0.015      # of 1.1; counted in frames it would be 0.05 to 0.3


@pytest.mark.parametrize("times", [TIMES, UNEVEN])
def test_a_motion_keeps_its_ends_its_bows_and_its_lines(times):
    values = np.stack([3 * times - 1, 2 - times + 4 * times ** 2], axis=1)
    smoothed = smooth(values, times, 0.12)
    np.testing.assert_allclose(smoothed[18:-18], values[18:-18], atol=1e-9)
    np.testing.assert_allclose(smoothed[[0, -1]], values[[0, -1]], atol=1e-9)
    np.testing.assert_allclose(smoothed[:, 0], values[:, 0], atol=1e-9)


def test_a_frame_alone_for_seconds_keeps_its_place():
    times = np.concatenate((TIMES[:30], [5.0], TIMES[:30] + 10))
    values = np.random.default_rng(2).normal(size=(61, 2))
    for degree in (0, 2):
        np.testing.assert_allclose(smooth(values, times, 0.1, degree)[30], values[30], atol=1e-6)


def test_each_frame_stands_for_its_seconds():
    np.testing.assert_allclose(frame_durations(np.array((0.0, 0.1, 0.2, 0.4))), (0.1, 0.1, 0.15, 0.2))
    np.testing.assert_allclose(frame_durations(np.array((0.0, 0.1, 0.2, 9.0, 9.1))), (0.1, 0.1, 0.2, 0.2, 0.1))
    assert frame_durations(np.array((3.0, 3.5))).tolist() == [0.5, 0.5]
    assert frame_durations(np.array((3.0,))).tolist() == [1 / 30]


def test_slopes_of_measured_samples_are_held_back_a_little():
    ramp = TIMES[:, None] ** 2
    off = (ramp - smooth_measured(ramp, TIMES, 0.12))[:, 0]
    assert 0 < off[-1] < 0.05 and 0 < -off[30] < 0.001


@pytest.mark.parametrize("times", [TIMES, UNEVEN])
def test_a_straight_line_and_a_bow_stay_what_they_are(times):
    values = np.stack([3 * times - 1, 2 - times + 4 * times ** 2], axis=1)
    # The slopes are held back by a thousandth.
    np.testing.assert_allclose(smooth_measured(values, times, 0.12)[8:-8], values[8:-8], atol=0.003)
    np.testing.assert_allclose(smooth_measured(values, times, 0.12), values, atol=0.03)


def test_a_constant_stays_exactly(times=UNEVEN):
    for degree in (0, 1, 2):
        np.testing.assert_allclose(smooth_measured(np.full((60, 2), 7.5), times, 0.1, degree=degree), 7.5, atol=1e-6)


def test_a_sample_of_no_weight_is_filled_from_its_neighbours():
    values = np.sin(2 * TIMES)[:, None].repeat(2, axis=1)
    spoilt, weights = values.copy(), np.ones((60, 2))
    spoilt[20:26, 0], weights[20:26, 0] = 100.0, 0.0
    np.testing.assert_allclose(smooth_measured(spoilt, TIMES, 0.12, weights), values, atol=0.02)


def test_the_ends_are_extended_where_they_weigh_nothing():
    values, weights = np.full((60, 1), 2.0), np.ones((60, 1))
    values[:4], weights[:4] = 50.0, 0.0
    np.testing.assert_allclose(smooth_measured(values, TIMES, 0.12, weights), 2.0, atol=0.05)


def test_a_movement_is_not_delayed():
    step = 1 / (1 + np.exp(-(TIMES - 1.0) / 0.05))[:, None]
    smoothed = smooth_measured(step, TIMES, 0.1)[:, 0]
    assert abs(np.interp(0.5, smoothed[20:40], TIMES[20:40]) - 1.0) < 0.002
    np.testing.assert_allclose(smooth_measured(step[::-1], TIMES, 0.1), smoothed[::-1, None], atol=1e-9)


def test_noise_shrinks_and_a_slow_wave_keeps_its_height():
    noise = np.random.default_rng(0).normal(size=(300, 4))
    times = np.arange(300) / 30
    assert smooth_measured(noise, times, 0.12)[20:-20].std() < 0.45
    wave = np.sin(2 * np.pi * 1.0 * times)[:, None]
    assert np.abs(smooth_measured(wave, times, 0.12)[30:-30]).max() > 0.96


def test_one_and_two_frames_are_no_trouble():
    np.testing.assert_array_equal(smooth_measured(np.array([[3.0]]), np.zeros(1), 0.1), [[3.0]])
    assert np.isfinite(smooth_measured(np.array([[3.0], [4.0]]), np.array((0.0, 0.04)), 0.1)).all()


def test_where_nothing_weighs_anything_the_result_is_finite():
    assert np.isfinite(smooth_measured(np.ones((30, 2)), TIMES[:30], 0.1, np.zeros((30, 1)))).all()


def test_a_long_gap_between_timestamps_keeps_both_sides_apart():
    times = np.concatenate([TIMES[:30], TIMES[:30] + 10])
    values = np.repeat((0.0, 5.0), 30)[:, None]
    np.testing.assert_allclose(smooth_measured(values, times, 0.2), values, atol=1e-6)


def test_shares_are_eased_with_no_slope_at_both_ends():
    np.testing.assert_allclose(smoothstep(np.array((-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 3.0))), (0, 0, 0.15625, 0.5, 0.84375, 1, 1))


def test_the_usual_step_is_the_median_one():
    assert frame_seconds(np.array((0.0, 0.1, 0.2, 5.0))) == pytest.approx(0.1)
    assert frame_seconds(np.array((3.0, 3.5))) == 0.5 and frame_seconds(np.array((3.0,))) == 1 / 30


def test_through_three_samples_no_parabola_is_drawn():
    """A window that holds one frame to each side takes their mean; one of two frames smooths a parabola to itself."""
    values, times = np.array((0.0, 0, 0, 3, 0, 0, 0)), np.arange(7.0)
    narrow = smooth(values, times, 0.3)
    weight = np.exp(-0.5 / 0.09)
    np.testing.assert_allclose(narrow[3], 3 / (1 + 2 * weight))
    bow = (times - 3) ** 2
    np.testing.assert_allclose(smooth(bow, times, 0.5)[3], 0.0, atol=1e-6)
