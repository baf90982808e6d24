import numpy as np
import pytest

from mpsnet_blender.motion.base.euler import euler_from_quat, quat_from_euler
from mpsnet_blender.motion.base.quaternions import conjugate, multiply, slerp, turn, twist_about
from mpsnet_blender.motion.base.rotation_modes import convert_to_mode, convert_with_locks, quat_from_values
from mpsnet_blender.motion.base.rotations import continuous_quat, quat_from_rotvec, rotmat_from_quat

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def _turning(frames=200):
    """Return quaternions (T, 4) that turn on and on, several whole turns."""
    times = np.linspace(0, 9, frames)
    return continuous_quat(multiply(quat_from_rotvec(np.outer(times, (0.3, 0.1, 1.2))),
                                    quat_from_rotvec(np.outer(np.sin(times), (1.1, 0.8, 0)))))


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_says_the_same_rotation_without_jumps(mode):
    quats = _turning()
    path, values = convert_to_mode(quats, mode)
    again = quat_from_values(values, mode)
    np.testing.assert_allclose(np.abs(np.sum(quats * again, axis=1)), 1, atol=1e-9)
    assert path == {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")
    if mode not in ("QUATERNION", "AXIS_ANGLE"):
        assert np.abs(np.diff(values, axis=0)).max() < np.pi / 2


def test_locked_angles_stay_and_the_others_move():
    quats, current = _turning(), quat_from_rotvec((0.2, 0, 0))
    held = convert_with_locks(quats, "QUATERNION", (True, False, False), current)[1]
    angles = euler_from_quat(held, "XYZ")
    np.testing.assert_allclose(np.cos(angles[:, 0] - 0.2), 1, atol=1e-9)
    assert np.ptp(angles[:, 2]) > 1
    assert convert_with_locks(quats, "QUATERNION", (False, False, False), current)[1] is quats


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("free", [0, 1, 2])
def test_a_hinge_turns_beyond_a_right_angle_in_every_mode(mode, free):
    """As a knee or a finger that is locked but for one axis: from the first frame on, and with a little about other axes."""
    locked = tuple(axis != free for axis in range(3))
    degrees = np.linspace(-130, 120, 60)
    hinge = quat_from_rotvec(np.radians(degrees)[:, None] * np.eye(3)[free])
    askew = multiply(hinge, quat_from_rotvec(np.radians(2) * np.roll(np.eye(3)[free], 1)))
    values = convert_with_locks(continuous_quat(askew), mode, locked, np.array((1.0, 0, 0, 0)))[1]
    found = quat_from_values(values, mode)
    np.testing.assert_allclose(np.abs(np.sum(found * hinge, axis=1)), 1, atol=1e-9)
    if mode not in ("QUATERNION", "AXIS_ANGLE"):
        np.testing.assert_allclose(np.degrees(values), degrees[:, None] * np.eye(3)[free], atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_hinge_that_is_held_askew_is_a_hinge(mode):
    held, order = np.radians((15.0, 0, -25.0)), mode if mode in MODES[2:] else "XYZ"
    angles = np.column_stack((np.full(40, held[0]), np.linspace(-2, 2, 40), np.full(40, held[2])))
    quats = continuous_quat(quat_from_euler(angles, order))
    values = convert_with_locks(quats, mode, (True, False, True), quat_from_euler(held, order))[1]
    np.testing.assert_allclose(np.abs(np.sum(quat_from_values(values, mode) * quats, axis=1)), 1, atol=1e-9)


def test_quaternions_multiply_as_matrices_do():
    first, second = _turning(5), _turning(50)[10:15]
    np.testing.assert_allclose(rotmat_from_quat(multiply(first, second)), rotmat_from_quat(first) @ rotmat_from_quat(second),
                               atol=1e-12)
    np.testing.assert_allclose(multiply(first, conjugate(first)), np.tile((1, 0, 0, 0), (5, 1)), atol=1e-12)
    np.testing.assert_allclose(turn(first, np.array((1.0, 2, 3))), rotmat_from_quat(first) @ (1.0, 2, 3), atol=1e-12)


def test_a_third_of_the_way_between_rotations():
    start, goal = quat_from_rotvec((0, 0, 0.3)), quat_from_rotvec((0, 0, 1.2))
    np.testing.assert_allclose(slerp(start, -goal, 1 / 3), quat_from_rotvec((0, 0, 0.6)), atol=1e-12)
    np.testing.assert_allclose(slerp(start, start, 0.5), start, atol=1e-12)


def test_twist_is_the_turn_about_the_axis():
    axis = np.array((0.0, 0.0, 1.0))
    quat = multiply(quat_from_rotvec((0.5, 0.2, 0)), quat_from_rotvec((0, 0, 0.7)))
    np.testing.assert_allclose(twist_about(quat, axis), quat_from_rotvec((0, 0, 0.7)), atol=1e-12)


def test_no_rotation_is_no_angle_about_an_axis_of_unit_length():
    _, values = convert_to_mode(np.tile((1.0, 0, 0, 0), (3, 1)), "AXIS_ANGLE")
    assert values[:, 0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(np.linalg.norm(values[:, 1:], axis=1), 1.0)


def test_an_angle_about_an_axis_goes_on_over_whole_turns_about_the_same_axis():
    angles = np.linspace(0.1, 20, 300)
    for sign in (1, -1):
        _, values = convert_to_mode(quat_from_rotvec(angles[:, None] * (0, 0.6 * sign, 0.8 * sign)), "AXIS_ANGLE")
        np.testing.assert_allclose(values[:, 0], angles, atol=1e-9)
        np.testing.assert_allclose(values[:, 1:], np.tile((0, 0.6 * sign, 0.8 * sign), (300, 1)), atol=1e-6)
