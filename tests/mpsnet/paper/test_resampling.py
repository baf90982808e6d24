"""Features and motions at other times."""

import numpy as np
from scipy.spatial.transform import Rotation

from backend.paper.network_motion import NetworkMotion
from backend.paper.resampling import resample_features, resample_motion


def test_features_lie_on_the_lines_between_their_neighbours():
    times, wanted = np.array((0.0, 0.1, 0.3)), np.array((0.0, 0.05, 0.1, 0.25, 0.3, 0.4))
    features = np.array([[0.0, 5.0], [1.0, 5.0], [5.0, 9.0]], np.float32)
    expected = [[0, 5], [0.5, 5], [1, 5], [4, 8], [5, 9], [5, 9]]
    np.testing.assert_allclose(resample_features(features, times, wanted), expected, atol=1e-6)


def test_the_features_of_one_frame_stay_as_they_are():
    found = resample_features(np.ones((1, 3), np.float32), np.zeros(1), np.array((0.0, 0.1)))
    np.testing.assert_array_equal(found, np.ones((2, 3)))


def test_many_frames_are_resampled_as_numpy_does_it():
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.1, 2500))
    wanted, features = np.arange(times[0], times[-1], 1 / 30), np.random.default_rng(1).random((2500, 4), np.float32)
    expected = np.stack([np.interp(wanted, times, column) for column in features.T], axis=1)
    np.testing.assert_allclose(resample_features(features, times, wanted), expected, atol=1e-6)


def test_rotations_turn_evenly_and_the_rest_is_linear():
    rotmats = np.repeat(Rotation.from_rotvec([[0, 0, 0], [0, 0, 1]]).as_matrix()[:, None], 24, axis=1)
    motion = NetworkMotion(rotmats, np.array([[0.0] * 10, [2.0] * 10]), np.array([[1.0, 0, 0], [2.0, 0, 0]]))
    found = resample_motion(motion, np.array((0.0, 1.0)), np.array((0.25, 2.0)))
    angles = Rotation.from_matrix(found.rotmats[:, 5]).as_rotvec()
    np.testing.assert_allclose(angles, [[0, 0, 0.25], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.betas[:, 0], [0.5, 2])
    np.testing.assert_allclose(found.weak_cam[:, 0], [1.25, 2])
