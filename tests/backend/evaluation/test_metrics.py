import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.evaluation.metrics import acceleration_error, direction_error, mpjpe, pa_mpjpe

GENERATOR = np.random.default_rng(2)
JOINTS = GENERATOR.normal(size=(10, 12, 3))


def test_mpjpe_is_the_mean_distance_in_millimetres():
    moved = np.zeros((1, 2, 3))
    moved[0, 0] = (0.003, 0.004, 0)
    assert mpjpe(moved, np.zeros((1, 2, 3))) == pytest.approx(2.5)
    assert mpjpe(JOINTS, JOINTS) == 0


def test_pa_mpjpe_forgives_place_turn_and_size():
    turns = Rotation.random(10, random_state=0).as_matrix()
    moved = 1.7 * np.einsum("tij,tkj->tki", turns, JOINTS) + GENERATOR.normal(size=(10, 1, 3))
    assert pa_mpjpe(moved, JOINTS) < 1e-6


def test_pa_mpjpe_does_not_forgive_a_mirror_image():
    assert pa_mpjpe(JOINTS * (-1, 1, 1), JOINTS) > 300


def test_pa_mpjpe_of_two_sticks_by_hand():
    # Two points 2 m apart and one off their middle by 0.3 m: the best fit leaves 0.1, 0.1 and 0.2 m.
    truth = np.array([[(-1.0, 0, 0), (1.0, 0, 0), (0, 0, 0)]])
    bent = np.array([[(-1.0, 0, 0), (1.0, 0, 0), (0, 0.3, 0)]])
    scale = 2 / (2 + 0.02 + 0.04)      # tr(S) / variance of the bent one
    ends = np.hypot(1 - scale, scale * 0.1)
    assert pa_mpjpe(bent, truth) == pytest.approx((2 * ends + scale * 0.2) / 3 * 1000)


def test_the_acceleration_error_is_the_mean_second_difference():
    truth, predicted = np.zeros((5, 1, 3)), np.zeros((5, 1, 3))
    predicted[2, 0, 0] = 0.006      # second differences 6, -12, 6 mm
    assert acceleration_error(predicted, truth, np.arange(5)) == pytest.approx(8.0)


def test_a_steady_drift_is_no_acceleration():
    drift = np.arange(8)[:, None, None] * np.array((0.1, 0.2, 0.0))
    assert acceleration_error(drift, np.zeros((8, 1, 3)), np.arange(8)) == pytest.approx(0, abs=1e-9)


def test_acceleration_is_not_measured_across_gaps():
    predicted = np.zeros((6, 1, 3))
    predicted[3:, 0, 0] = 5.0
    assert acceleration_error(predicted, np.zeros((6, 1, 3)), np.array((0, 1, 2, 30, 31, 32))) == 0
    assert acceleration_error(predicted, np.zeros((6, 1, 3)), np.array((0, 2, 4, 6, 8, 10))) == 0
    assert acceleration_error(predicted[:2], np.zeros((2, 1, 3)), np.arange(2)) == 0


def test_the_direction_error_is_the_mean_angle_whatever_the_lengths():
    ours, true = np.array(((2.0, 0, 0), (0, 3, 0), (0, 0, 1))), np.array(((1.0, 0, 0), (0.5, 0, 0), (0, 0, -9)))
    assert direction_error(ours, true) == pytest.approx((0 + 90 + 180) / 3)
