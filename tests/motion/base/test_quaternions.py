import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import conjugate, dot, measure_lengths, multiply, slerp, turn, twist_about
from mpsnet_blender.motion.base.rotations import quat_from_rotvec, rotmat_from_quat

X, Y, Z = np.eye(3)


def about(axis, degrees):
    return quat_from_rotvec(np.radians(np.asarray(degrees, float))[..., None] * axis)


def random_quats(count, seed=0):
    quats = np.random.default_rng(seed).normal(size=(count, 4))
    return quats / np.linalg.norm(quats, axis=1, keepdims=True)


def same(first, second):
    """Whether quaternions (..., 4) are the same rotations."""
    return np.abs(np.sum(first * second, axis=-1)).min() > 1 - 1e-9


def test_a_product_turns_by_the_second_and_then_by_the_first():
    first, second = random_quats(20, 1), random_quats(20, 2)
    np.testing.assert_allclose(rotmat_from_quat(multiply(first, second)), rotmat_from_quat(first) @ rotmat_from_quat(second),
                               atol=1e-12)
    np.testing.assert_allclose(multiply((0, 1, 0, 0), (0, 0, 1, 0)), (0, 0, 0, 1))      # i j = k


def test_a_conjugate_turns_back():
    quats = random_quats(20)
    np.testing.assert_allclose(multiply(quats, conjugate(quats)), np.tile((1, 0, 0, 0), (20, 1)), atol=1e-12)


def test_vectors_turn_as_by_the_matrix():
    quats, vectors = random_quats(20), np.random.default_rng(3).normal(size=(20, 3))
    np.testing.assert_allclose(turn(quats, vectors), np.einsum("tij,tj->ti", rotmat_from_quat(quats), vectors), atol=1e-12)
    np.testing.assert_allclose(turn(about(Z, 90), X), Y, atol=1e-12)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_between_two_rotations_it_turns_evenly_the_shorter_way(fraction):
    start, goal = about(Z, np.array((10.0, 10))), about(Z, np.array((90.0, -110)))
    expected = about(Z, np.array((10 + 80 * fraction, 10 - 120 * fraction)))
    assert same(slerp(start, goal, fraction), expected) and same(slerp(start, -goal, fraction), expected)


def test_fractions_may_differ_from_frame_to_frame():
    turned = slerp(np.tile(about(X, 0), (3, 1)), np.tile(about(X, 60), (3, 1)), np.array((0.0, 0.5, 1.0)))
    assert same(turned, about(X, np.array((0.0, 30, 60))))


def test_between_rotations_that_hardly_differ_nothing_breaks():
    near = about(Y, np.array((20.0, 20.000001)))
    mixed = slerp(near[0], near[1], np.array((0.0, 0.5, 1.0)))
    assert same(mixed, near[0]) and np.isfinite(mixed).all()
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=-1), 1.0)


def test_the_twist_about_an_axis_is_what_a_swing_leaves():
    twist, swing = about(Z, np.array((50.0, -120))), about(X, np.array((40.0, 70)))
    assert same(twist_about(multiply(swing, twist), Z), twist)
    assert same(twist_about(swing, Z), about(Z, np.array((0.0, 0))))


def test_half_a_turn_square_to_the_axis_has_no_twist():
    assert twist_about(about(X, 180.0), Z).tolist() == [1, 0, 0, 0]


def test_vectors_have_their_products_and_lengths_on_an_axis_of_their_own():
    first, second = np.array([[(1.0, 2, 3)], [(0, -3, 4)]]), np.array((2.0, 0, 1))
    assert dot(first, second).tolist() == [[[5.0]], [[4.0]]] and measure_lengths(first[1]).tolist() == [[5.0]]
    assert measure_lengths(np.array((2.0, 4, 5, 6))).tolist() == [9.0]
