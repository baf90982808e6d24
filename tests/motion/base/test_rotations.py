import numpy as np

from mpsnet_blender.motion.base.rotations import (
    continuous_quat,
    quat_from_rotmat,
    quat_from_rotvec,
    rotmat_from_quat,
    rotmat_from_rotvec,
    rotvec_from_quat,
    rotvec_from_rotmat,
)


def _random_rotvecs(count: int = 500) -> np.ndarray:
    generator = np.random.default_rng(1)
    axes = generator.normal(size=(count, 3))
    return axes / np.linalg.norm(axes, axis=1, keepdims=True) * generator.uniform(0, np.pi - 1e-3, (count, 1))


def test_no_rotation_is_the_identity():
    np.testing.assert_array_equal(quat_from_rotvec(np.zeros(3)), (1, 0, 0, 0))
    np.testing.assert_array_equal(rotmat_from_quat((1, 0, 0, 0)), np.eye(3))
    np.testing.assert_array_equal(rotvec_from_quat((1, 0, 0, 0)), np.zeros(3))


def test_quarter_turn_about_z_takes_x_to_y():
    np.testing.assert_allclose(rotmat_from_rotvec((0, 0, np.pi / 2)) @ (1, 0, 0), (0, 1, 0), atol=1e-15)
    np.testing.assert_allclose(quat_from_rotvec((0, 0, np.pi / 2)), (np.sqrt(0.5), 0, 0, np.sqrt(0.5)), atol=1e-15)


def test_rotation_vectors_survive_quaternions_and_matrices():
    rotvecs = _random_rotvecs()
    np.testing.assert_allclose(rotvec_from_quat(quat_from_rotvec(rotvecs)), rotvecs, atol=1e-10)
    np.testing.assert_allclose(rotvec_from_rotmat(rotmat_from_rotvec(rotvecs)), rotvecs, atol=1e-10)


def test_half_turns_about_each_axis_come_back_from_matrices():
    for axis in np.eye(3):
        np.testing.assert_allclose(np.abs(quat_from_rotmat(rotmat_from_rotvec(axis * np.pi))), (0, *axis), atol=1e-12)


def test_tiny_rotations_keep_their_size():
    rotvec = np.array((1e-10, -2e-10, 0))
    np.testing.assert_allclose(rotvec_from_quat(quat_from_rotvec(rotvec)), rotvec, rtol=1e-6)


def test_matrices_are_rotations():
    matrices = rotmat_from_rotvec(_random_rotvecs())
    squares = matrices @ np.swapaxes(matrices, 1, 2)
    np.testing.assert_allclose(squares, np.broadcast_to(np.eye(3), matrices.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-12)


def test_signs_never_flip_along_time():
    turning = quat_from_rotvec(np.linspace(0, 20, 200)[:, None, None] * np.array((0, 0, 1.0)))
    flipped = turning * np.where(np.arange(200) % 3 == 0, -1, 1)[:, None, None]
    smooth = continuous_quat(flipped)
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) > 0).all()
    assert smooth[0, 0, 0] > 0
    np.testing.assert_allclose(rotmat_from_quat(smooth), rotmat_from_quat(flipped), atol=1e-12)


def test_quaternions_are_of_unit_length_and_begin_with_a_part_that_is_not_negative():
    rotvecs = _random_rotvecs(50)
    assert (quat_from_rotmat(rotmat_from_rotvec(rotvecs))[:, 0] >= 0).all()
    for sign in (1, -1):
        quats = continuous_quat(sign * quat_from_rotvec(rotvecs[:, None]))
        np.testing.assert_allclose(np.linalg.norm(quats, axis=-1), 1.0)
        assert quats[0, 0, 0] > 0
