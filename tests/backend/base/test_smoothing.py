import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.smoothing import nearest_rotmats, smooth, smooth_rotmats
from tests.backend.angles import angle_between

TIMES = np.arange(60) / 30
UNEVEN = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.06, 60))


@pytest.mark.parametrize("times", [TIMES, UNEVEN])
def test_a_straight_line_and_a_bow_stay_what_they_are(times):
    values = np.stack([3 * times - 1, 2 - times + 4 * times ** 2], axis=1)
    # The slopes are held back by a thousandth.
    np.testing.assert_allclose(smooth(values, times, 0.12)[8:-8], values[8:-8], atol=0.003)
    np.testing.assert_allclose(smooth(values, times, 0.12), values, atol=0.03)


def test_a_constant_stays_exactly(times=UNEVEN):
    for degree in (0, 1, 2):
        np.testing.assert_allclose(smooth(np.full((60, 2), 7.5), times, 0.1, degree=degree), 7.5, atol=1e-6)


def test_a_sample_of_no_weight_is_filled_from_its_neighbours():
    values = np.sin(2 * TIMES)[:, None].repeat(2, axis=1)
    spoilt, weights = values.copy(), np.ones((60, 2))
    spoilt[20:26, 0], weights[20:26, 0] = 100.0, 0.0
    np.testing.assert_allclose(smooth(spoilt, TIMES, 0.12, weights), values, atol=0.02)


def test_the_ends_are_extended_where_they_weigh_nothing():
    values, weights = np.full((60, 1), 2.0), np.ones((60, 1))
    values[:4], weights[:4] = 50.0, 0.0
    np.testing.assert_allclose(smooth(values, TIMES, 0.12, weights), 2.0, atol=0.05)


def test_a_movement_is_not_delayed():
    step = 1 / (1 + np.exp(-(TIMES - 1.0) / 0.05))[:, None]
    smoothed = smooth(step, TIMES, 0.1)[:, 0]
    assert abs(np.interp(0.5, smoothed[20:40], TIMES[20:40]) - 1.0) < 0.002
    np.testing.assert_allclose(smooth(step[::-1], TIMES, 0.1), smoothed[::-1, None], atol=1e-9)


def test_noise_shrinks_and_a_slow_wave_keeps_its_height():
    noise = np.random.default_rng(0).normal(size=(300, 4))
    times = np.arange(300) / 30
    assert smooth(noise, times, 0.12)[20:-20].std() < 0.45
    wave = np.sin(2 * np.pi * 1.0 * times)[:, None]
    assert np.abs(smooth(wave, times, 0.12)[30:-30]).max() > 0.96


def test_one_and_two_frames_are_no_trouble():
    np.testing.assert_array_equal(smooth(np.array([[3.0]]), np.zeros(1), 0.1), [[3.0]])
    assert np.isfinite(smooth(np.array([[3.0], [4.0]]), np.array((0.0, 0.04)), 0.1)).all()


def test_where_nothing_weighs_anything_the_result_is_finite():
    assert np.isfinite(smooth(np.ones((30, 2)), TIMES[:30], 0.1, np.zeros((30, 1)))).all()


def test_a_long_gap_between_timestamps_keeps_both_sides_apart():
    times = np.concatenate([TIMES[:30], TIMES[:30] + 10])
    values = np.repeat((0.0, 5.0), 30)[:, None]
    np.testing.assert_allclose(smooth(values, times, 0.2), values, atol=1e-6)


def test_rotations_stay_rotations_and_a_steady_turn_stays():
    turn = Rotation.from_rotvec(np.outer(TIMES * 1.5, (0.6, 0.0, 0.8))).as_matrix()[:, None]
    smoothed = smooth_rotmats(turn, TIMES, 0.1)
    np.testing.assert_allclose(np.linalg.det(smoothed), 1.0, atol=1e-9)
    np.testing.assert_allclose(smoothed[10:-10], turn[10:-10], atol=0.002)


def test_a_turn_through_half_a_circle_has_no_jump():
    turn = Rotation.from_rotvec(np.outer(np.linspace(2.6, 3.8, 60), (0, 1, 0))).as_matrix()[:, None]
    smoothed = smooth_rotmats(turn, TIMES, 0.1)[:, 0]
    assert np.degrees(angle_between(smoothed[:-1], smoothed[1:])).max() < 1.5


def test_the_nearest_rotation_to_a_mirror_is_a_rotation():
    nearest = nearest_rotmats(np.array((np.diag((1.0, 1.0, -0.2)), 3 * np.eye(3))))
    np.testing.assert_allclose(np.linalg.det(nearest), 1.0)
    np.testing.assert_allclose(nearest, np.array((np.eye(3), np.eye(3))), atol=1e-12)


def test_angles_between_rotations():
    turned = Rotation.from_euler("x", [[0], [30], [180]], degrees=True).as_matrix()
    np.testing.assert_allclose(np.degrees(angle_between(np.tile(np.eye(3), (3, 1, 1)), turned)), (0, 30, 180), atol=1e-6)
