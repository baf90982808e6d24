import numpy as np
import pytest

from mpsnet_blender.motion.base.euler import continuous_euler, euler_from_quat, quat_from_euler, rotmat_from_euler
from mpsnet_blender.motion.base.rotations import quat_from_rotvec, rotmat_from_rotvec

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def test_a_quarter_turn_about_each_axis_is_that_axes_angle():
    # Rz(90) takes x to y, then Rx(90) before it: hand-worked product Rz Rx.
    turned = rotmat_from_euler(np.radians((90.0, 90.0, 0.0)), "ZXY")
    assert np.allclose(turned, ((0, 0, 1), (1, 0, 0), (0, 1, 0)))


@pytest.mark.parametrize("order", ORDERS)
def test_random_rotations_come_back(order):
    rotmats = rotmat_from_rotvec(np.random.default_rng(0).normal(scale=2.0, size=(300, 5, 3)))
    assert np.abs(rotmat_from_euler(continuous_euler(rotmats, order), order) - rotmats).max() < 1e-12


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quarter", [90.0, -90.0])
def test_gimbal_lock_gives_the_rotation_and_no_jump(order, quarter):
    # The middle angle rises to a quarter turn, rests there and goes back, while the first one moves on.
    middle = np.concatenate((np.linspace(0, quarter, 40), np.full(20, quarter), np.linspace(quarter, 0, 40)))
    given = np.radians(np.column_stack((np.linspace(10, 30, 100), middle, np.full(100, 20.0))))
    rotmats = rotmat_from_euler(given, order)
    angles = continuous_euler(rotmats, order)
    assert np.abs(rotmat_from_euler(angles, order) - rotmats).max() < 1e-9
    assert np.degrees(np.abs(np.diff(angles, axis=0))).max() < 3.0


@pytest.mark.parametrize("order", ORDERS)
def test_two_full_turns_and_a_pass_over_the_pole_are_continuous(order):
    time = np.linspace(0, 1, 400)
    given = np.column_stack((4 * np.pi * time, np.pi * time + 0.1, -6 * np.pi * time))
    angles = continuous_euler(rotmat_from_euler(given, order), order)
    steps = np.abs(np.diff(given, axis=0)).max()
    assert np.abs(np.diff(angles, axis=0)).max() < steps + 1e-9
    assert np.allclose(angles - angles[0], given - given[0], atol=1e-6)


def test_one_frame_is_enough():
    assert continuous_euler(np.eye(3)[None], "ZXY").tolist() == [[0.0, 0.0, 0.0]]


def test_blenders_xyz_turns_about_x_first():
    half = np.sqrt(0.5)
    # A quarter turn about x takes y to z; then one about z leaves it there, and takes x to y.
    quat = quat_from_euler(np.radians((90.0, 0.0, 90.0)), "XYZ")
    assert np.allclose(quat, np.array((half, half, half, half)) * half)


@pytest.mark.parametrize("order", ORDERS)
def test_blenders_orders_come_back_and_are_continuous(order):
    quats = quat_from_rotvec(np.cumsum(np.random.default_rng(0).normal(scale=0.2, size=(400, 5, 3)), axis=0))
    angles = euler_from_quat(quats, order)
    again = quat_from_euler(angles, order)
    assert np.abs(np.abs(np.sum(again * quats, axis=-1)) - 1).max() < 1e-12
    assert np.abs(np.diff(angles, axis=0)).max() <= np.pi
