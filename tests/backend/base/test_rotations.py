import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.rotations import (
    fit_rotmats,
    limit_angles,
    make_axes,
    normalize,
    rotate,
    rotmats_about,
    shortest_rotmats,
    split_swing_and_twist,
    transpose,
)
from tests.backend.angles import angle_between

X, Y, Z = np.eye(3)
QUARTER_ABOUT_Z = np.array(((0.0, -1, 0), (1, 0, 0), (0, 0, 1)))


def test_a_quarter_turn_about_z_takes_x_to_y_and_its_transpose_takes_it_back():
    turns = QUARTER_ABOUT_Z[None]
    np.testing.assert_allclose(rotate(turns, X), [Y], atol=1e-12)
    np.testing.assert_allclose(rotate(transpose(turns), Y[None]), [X], atol=1e-12)
    np.testing.assert_allclose(rotmats_about(Z, np.array((np.pi / 2,))), turns, atol=1e-12)
    np.testing.assert_allclose(rotmats_about(5 * Z, np.array((np.pi / 2,))), turns, atol=1e-12)


def test_unit_vectors_are_one_long_and_nothing_stays_nothing():
    np.testing.assert_allclose(normalize(np.array(((3.0, 0, 4), (0, 0, 0)))), ((0.6, 0, 0.8), (0, 0, 0)))


def test_a_frame_has_its_first_axis_along_the_one_and_its_second_near_the_other():
    frame = make_axes(np.array((0.0, 0, 2)), np.array((3.0, 0, 5)))       # along z; what of the other is square to it is x
    np.testing.assert_allclose(frame, np.column_stack((Z, X, Y)), atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1.0)


def test_a_swing_goes_the_shortest_way():
    ends = np.array((Y, -X, X, (1.0, 1, 0)))
    turns = shortest_rotmats(2 * X, ends)
    np.testing.assert_allclose(rotate(turns, X), ends / np.linalg.norm(ends, axis=1, keepdims=True), atol=1e-12)
    angles = np.degrees(Rotation.from_matrix(turns).magnitude())
    np.testing.assert_allclose(angles, (90, 180, 0, 45), atol=1e-6)
    np.testing.assert_allclose(turns[0], QUARTER_ABOUT_Z, atol=1e-12)       # about z: nothing spins about the way


@pytest.mark.parametrize("axis", [X, Y, Z, -X])
def test_opposite_directions_are_half_a_turn_apart_about_an_axis_square_to_them(axis):
    turns = shortest_rotmats(axis, -axis[None])
    np.testing.assert_allclose(rotate(turns, axis), [-axis], atol=1e-9)
    assert Rotation.from_matrix(turns[0]).magnitude() == pytest.approx(np.pi)


def test_a_rotation_splits_into_the_twist_about_an_axis_and_the_swing_after_it():
    twists, bends = np.radians((30.0, -50, 170)), np.radians(((0, 20, 0), (-60, 0, 0), (0, 0, 0)))
    rotmats = Rotation.from_rotvec(bends).as_matrix() @ rotmats_about(Z, twists)
    bend, twist = split_swing_and_twist(rotmats, 3 * Z)
    np.testing.assert_allclose(twist, twists, atol=1e-9)
    np.testing.assert_allclose(bend, bends, atol=1e-9)


def test_a_twist_of_more_than_half_a_turn_is_measured_the_other_way_round():
    _, twist = split_swing_and_twist(rotmats_about(Z, np.radians((190.0, -190))), Z)
    np.testing.assert_allclose(np.degrees(twist), (-170, 170), atol=1e-6)


def test_rotation_vectors_are_cut_to_the_limit_and_keep_their_axis():
    np.testing.assert_allclose(limit_angles(np.array(((3.0, 0, 4), (0, 0.5, 0), (0, 0, 0))), 1.0),
                               ((0.6, 0, 0.8), (0, 0.5, 0), (0, 0, 0)))


def test_the_best_fit_finds_a_turn_wherever_the_points_lie_and_leaves_out_what_weighs_nothing():
    generator = np.random.default_rng(0)
    turns = Rotation.random(6, random_state=0).as_matrix()
    rest = generator.normal(size=(5, 3)) + (2, 0, 0)
    points = np.einsum("tij,kj->tki", turns, rest) + generator.normal(size=(6, 1, 3))
    weights = np.ones((6, 5))
    np.testing.assert_allclose(fit_rotmats(rest, points, weights), turns, atol=1e-9)
    points[:, 4] += 10.0
    assert angle_between(fit_rotmats(rest, points, weights), turns).min() > 0.1
    weights[:, 4] = 0.0
    np.testing.assert_allclose(fit_rotmats(rest, points, weights), turns, atol=1e-9)


def test_a_heavier_point_is_fitted_better():
    rest = np.array(((0.0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)))
    points = rest[None].copy()
    points[0, 1] = (np.cos(0.4), np.sin(0.4), 0)         # one says that it turned by 0.4 about z, the others that it did not
    off = [angle_between(fit_rotmats(rest, points, np.array(((1.0, weight, 1, 1),))),
                         rotmats_about(Z, np.array((0.4,))))[0] for weight in (0.1, 1.0, 10.0)]
    assert off[0] > off[1] > off[2]
