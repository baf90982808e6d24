import numpy as np
from scipy.spatial.transform import Rotation

from backend.base.smoothing import nearest_rotmats, smooth_depth, smooth_rotmats
from mpsnet_blender.motion.base.smoothing import smooth_measured
from tests.backend.angles import angle_between

TIMES = np.arange(60) / 30


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


def test_depths_are_smoothed_by_their_share_and_never_nearer_than_30_centimetres():
    times = np.arange(60) / 30
    steady = np.exp(0.3 * times)            # it grows by an even share, which is no noise
    np.testing.assert_allclose(smooth_depth(steady, times, np.ones((60, 1))), steady, rtol=0.01)
    noise = np.exp(0.05 * np.where(np.arange(60) % 2, 1, -1))
    np.testing.assert_allclose(smooth_depth(4 * noise, times, np.ones((60, 1))), 4.0, rtol=0.02)
    np.testing.assert_allclose(smooth_depth(np.full(5, -2.0), times[:5], np.ones((5, 1))), 0.3)


def test_a_depth_that_weighs_nothing_is_filled_from_the_others():
    times, depth, weights = np.arange(60) / 30, np.full(60, 4.0), np.ones((60, 1))
    depth[25:30], weights[25:30] = 9.0, 0.0
    np.testing.assert_allclose(smooth_depth(depth, times, weights), 4.0, rtol=1e-3)


def test_depths_are_smoothed_over_four_tenths_of_a_second():
    times = np.arange(240) / 30
    step = np.exp(np.where(times < 4, 0.0, 1.0))
    smoothed = np.log(smooth_depth(step, times, np.ones((240, 1))))
    expected = smooth_measured(np.log(step)[:, None], times, 0.4)[:, 0]
    np.testing.assert_allclose(smoothed, expected, atol=1e-9)
    assert np.abs(np.diff(smoothed)).max() < 0.06


def test_joints_are_smoothed_each_by_its_weights():
    times = np.arange(60) / 30
    turns = np.zeros((60, 2, 3))
    turns[30, :, 0] = 1.0                   # for one frame both are off
    weights = np.ones((60, 2))
    weights[30, 1] = 0.0
    rotmats = Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(60, 2, 3, 3)
    smoothed = Rotation.from_matrix(smooth_rotmats(rotmats, times, 0.1, weights).reshape(-1, 3, 3)).as_rotvec().reshape(60, 2, 3)
    assert 0.05 < smoothed[30, 0, 0] < 0.3 and abs(smoothed[30, 1, 0]) < 1e-3
    np.testing.assert_allclose(smoothed[..., 1:], 0, atol=1e-9)
