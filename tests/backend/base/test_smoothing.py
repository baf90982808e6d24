import numpy as np
from scipy.spatial.transform import Rotation

from backend.base.smoothing import nearest_rotmats, smooth_rotmats
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
