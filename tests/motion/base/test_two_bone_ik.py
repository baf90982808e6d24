import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.two_bone_ik import compute_rotmats_between, solve_two_bone

FORWARD = np.array((0.0, -1.0, 0.0))


def _limb(frames: int, seed: int = 0, bend_degrees: float = 60.0):
    """Return root, middle, end (T, 3) and the hint of a leg (0.45 and 0.42 m) in random orientations, bent forward."""
    generator = np.random.default_rng(seed)
    turns = rotmat_from_rotvec(generator.normal(size=(frames, 3)))
    bend = np.radians(bend_degrees)
    knee = np.array((0, 0, -0.45))
    ankle = knee + 0.42 * np.array((0, np.sin(bend), -np.cos(bend)))
    root = generator.normal(size=(frames, 3))
    return root, root + turns @ knee, root + turns @ ankle, turns @ FORWARD


def test_the_end_reaches_every_target_within_reach_and_bones_keep_their_lengths():
    root, knee, ankle, hint = _limb(500)
    directions = np.random.default_rng(1).normal(size=(500, 3))
    distances = np.random.default_rng(2).uniform(0.15, 0.84, size=(500, 1))
    target = root + distances * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    solved = solve_two_bone(root, knee, ankle, target, hint)
    np.testing.assert_allclose(solved.end, target, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(solved.middle - root, axis=1), 0.45, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(solved.end - solved.middle, axis=1), 0.42, atol=1e-9)


def test_the_rotations_turn_the_old_bones_into_the_new_ones():
    root, knee, ankle, hint = _limb(200)
    solved = solve_two_bone(root, knee, ankle, ankle + (0.1, -0.05, 0.12), hint)
    turned = np.einsum("tij,tj->ti", solved.upper_rotmat, knee - root)
    np.testing.assert_allclose(turned, solved.middle - root, atol=1e-9)
    turned = np.einsum("tij,tj->ti", solved.lower_rotmat, ankle - knee)
    np.testing.assert_allclose(turned, solved.end - solved.middle, atol=1e-9)
    squares = solved.upper_rotmat @ np.swapaxes(solved.upper_rotmat, 1, 2)
    np.testing.assert_allclose(squares, np.broadcast_to(np.eye(3), (200, 3, 3)), atol=1e-9)


@pytest.mark.parametrize("bend_degrees", [0.0, 0.01, 1.0, 40.0, 150.0])
def test_a_limb_whose_target_is_its_end_stays_as_it_is(bend_degrees):
    root, knee, ankle, hint = _limb(50, bend_degrees=bend_degrees)
    solved = solve_two_bone(root, knee, ankle, ankle, hint)
    np.testing.assert_allclose(solved.end, ankle, atol=1e-5)
    np.testing.assert_allclose(solved.middle, knee, atol=1e-3)
    np.testing.assert_allclose(solved.upper_rotmat, np.broadcast_to(np.eye(3), (50, 3, 3)), atol=2e-3)


def test_a_knee_at_right_angles_solves_as_worked_by_hand():
    # Bones of 3 and 4 and a reach of 5 make a right angle: the knee lies 9/5 down the line and 12/5 off it.
    root, knee, ankle = np.zeros((1, 3)), np.array([[0, -3.0, 0]]), np.array([[0, -3.0, -4.0]])
    solved = solve_two_bone(root, knee, ankle, np.array([[0, 0, -5.0]]), FORWARD)
    np.testing.assert_allclose(solved.middle[0], (0, -2.4, -1.8), atol=1e-9)


def test_a_target_moving_out_of_reach_makes_no_step_and_no_overstretch():
    frames = 2000
    root = np.zeros((frames, 3))
    knee = np.tile((0, -0.1, -0.4387482194), (frames, 1))
    ankle = np.tile((0, 0, -0.8466563194), (frames, 1))
    target = np.zeros((frames, 3))
    target[:, 2] = -np.linspace(0.5, 1.1, frames)
    solved = solve_two_bone(root, knee, ankle, target, FORWARD)
    reach = -solved.end[:, 2]
    full = 0.45 + np.linalg.norm(ankle[0] - knee[0])
    assert reach.max() < full
    assert (np.diff(reach) >= 0).all()
    knee_steps = np.linalg.norm(np.diff(solved.middle, axis=0), axis=1)
    # 0.3 mm a frame of target: the knee never goes ten times as fast, as it would where the limb snaps straight.
    assert knee_steps.max() < 10 * 0.6 / frames


def test_a_knee_passing_through_straight_never_pops_to_the_back():
    angles = np.radians(np.linspace(8, -8, 400))
    root = np.zeros((400, 3))
    knee = np.tile((0, 0, -0.45), (400, 1))
    ankle = knee + 0.42 * np.column_stack((np.zeros(400), np.sin(angles), -np.cos(angles)))
    solved = solve_two_bone(root, knee, ankle, ankle + (0, 0, 0.03), FORWARD)
    line = solved.end / np.linalg.norm(solved.end, axis=1, keepdims=True)
    offset = solved.middle - np.sum(solved.middle * line, axis=1, keepdims=True) * line
    assert (offset[:, 1] < 0).all()
    assert np.linalg.norm(np.diff(solved.middle, axis=0), axis=1).max() < 0.002


def test_the_smallest_turn_between_directions():
    start = np.array(((1.0, 0, 0), (1, 0, 0), (0, 0, 1)))
    goal = np.array(((0.0, 1, 0), (-1, 0, 0), (0, 0, 1)))
    turned = np.einsum("tij,tj->ti", compute_rotmats_between(start, goal), start)
    np.testing.assert_allclose(turned, goal, atol=1e-12)
    np.testing.assert_allclose(compute_rotmats_between(start, goal)[0], ((0, -1, 0), (1, 0, 0), (0, 0, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(compute_rotmats_between(start, goal)), 1)


def test_a_target_at_the_root_is_approached_until_the_limb_is_nearly_folded():
    """No nearer than 1.02 of the difference of the bones' lengths, and a thousandth of the limb."""
    root, knee, ankle, hint = _limb(20)
    solved = solve_two_bone(root, knee, ankle, root + 0.001 * (ankle - root), hint)
    np.testing.assert_allclose(np.linalg.norm(solved.end - root, axis=1), 1.02 * 0.03 + 1e-3 * 0.87, atol=1e-9)


def test_a_limb_that_is_folded_more_already_may_stay_so():
    root, knee, ankle, hint = _limb(20, bend_degrees=179.9)
    solved = solve_two_bone(root, knee, ankle, ankle, hint)
    np.testing.assert_allclose(solved.end, ankle, atol=1e-9)


@pytest.mark.parametrize("degrees", [40, -70])
def test_a_limb_that_is_clearly_bent_keeps_its_plane_though_the_hint_lies_aside(degrees):
    root, knee, ankle, hint = _limb(20)
    line = (ankle - root) / np.linalg.norm(ankle - root, axis=1, keepdims=True)
    aside = np.einsum("tij,tj->ti", rotmat_from_rotvec(np.radians(degrees) * line), hint)
    solved = solve_two_bone(root, knee, ankle, root + 0.9 * (ankle - root), aside)
    normal = np.cross(line, knee - root)
    off = np.sum((solved.middle - root) * normal, axis=1) / np.linalg.norm(normal, axis=1)
    assert np.abs(off).max() < 6e-3


def test_of_a_limb_folded_onto_its_root_the_line_goes_down():
    root, knee = np.zeros((1, 3)), np.array([[0, -0.45, 0]])
    solved = solve_two_bone(root, knee, root, np.array([[0, 0, -0.5]]), FORWARD)
    np.testing.assert_allclose(solved.end, [[0, 0, -0.5]], atol=1e-9)
    unmoved = solve_two_bone(root, knee, root, root, FORWARD)
    np.testing.assert_allclose(unmoved.middle, knee, atol=1e-6)


def test_the_smallest_turns_of_many_directions_are_each_their_own():
    generator = np.random.default_rng(5)
    start, goal = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True) for vectors in generator.normal(size=(2, 4, 3, 3)))
    turns = compute_rotmats_between(start, goal)
    np.testing.assert_allclose(np.einsum("abij,abj->abi", turns, start), goal, atol=1e-9)
    np.testing.assert_allclose(np.trace(turns, axis1=-2, axis2=-1), 1 + 2 * (start * goal).sum(-1), atol=1e-9)
