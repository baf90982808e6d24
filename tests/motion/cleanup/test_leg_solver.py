"""Legs that reach their feet, for a standing body whose feet get targets elsewhere."""

from dataclasses import dataclass

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.soles import Sole, make_soles
from mpsnet_blender.motion.cleanup.leg_solver import compute_pelvis_shift, solve_leg
from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics, generic_rest_joints
from tests.motion.walkers import UPRIGHT

FRAMES = 61
TIMES = np.arange(FRAMES) / 30
REST = generic_rest_joints(1.7)


@dataclass(frozen=True)
class Goal:
    sole: Sole
    rotmats: np.ndarray
    ankles: np.ndarray
    held: np.ndarray
    toes: np.ndarray


def body(knee=0.3):
    """Return local and global rotations and joints of somebody who stands with bent knees."""
    rotmats = np.tile(np.eye(3), (FRAMES, 24, 1, 1))
    rotmats[:, 0] = UPRIGHT
    for side in ("left", "right"):
        rotmats[:, JOINT[f"{side}_hip"]] = rotmat_from_rotvec(np.array((-knee / 2, 0, 0)))
        rotmats[:, JOINT[f"{side}_knee"]] = rotmat_from_rotvec(np.array((knee, 0, 0)))
    return rotmats, *forward_kinematics(rotmats, REST, np.zeros((FRAMES, 3)))


def goals(rotmats, joints, moves, held=1.0):
    """Return where both feet go: `moves` (T, 3) from where they are."""
    return [Goal(sole, rotmats[:, sole.ankle], joints[:, sole.ankle] + moves, np.full(FRAMES, held),
                 np.tile(np.eye(3), (FRAMES, 1, 1))) for sole in make_soles(REST, 0.09)]


def test_feet_that_do_not_move_leave_the_pelvis_where_it_is():
    _, rotmats, joints = body()
    assert np.abs(compute_pelvis_shift(joints, goals(rotmats, joints, np.zeros((FRAMES, 3))), TIMES)).max() < 1e-9


def test_the_pelvis_goes_along_with_both_feet_most_of_the_way_up_and_less_aside():
    _, rotmats, joints = body()
    up, aside = (compute_pelvis_shift(joints, goals(rotmats, joints, np.tile(way, (FRAMES, 1))), TIMES)[30]
                 for way in ((0.0, 0, 0.02), (0.02, 0, 0)))
    # Along a leg 1.05 of a foot's weight holds against 0.1 / 2 of the pelvis's; across it 0.05.
    assert up[2] == pytest.approx(0.02 * 2.1 / 2.2, rel=0.02)
    assert aside[0] == pytest.approx(0.02 * 0.1 / 0.2, rel=0.1)


def test_feet_that_are_not_held_do_not_take_the_pelvis_along():
    _, rotmats, joints = body()
    moves = np.tile((0.0, 0, 0.02), (FRAMES, 1))
    assert not compute_pelvis_shift(joints, goals(rotmats, joints, moves, held=0.0), TIMES).any()


def test_the_hip_sinks_for_a_foot_out_of_reach_before_and_after_it_is_smoothly():
    _, rotmats, joints = body(knee=0.05)
    moves = np.zeros((FRAMES, 3))
    moves[30] = (0, 0, -0.15)               # far below what the leg reaches, in one frame
    targets = goals(rotmats, joints, moves)
    shift = compute_pelvis_shift(joints, targets, TIMES)
    assert shift[30, 2] < -0.1 and np.abs(np.diff(shift[:, 2])).max() < 0.06
    assert abs(shift[10, 2]) < 1e-3 and abs(shift[50, 2]) < 1e-3
    hip = joints[:, JOINT["left_hip"]] + shift
    length = np.linalg.norm(REST[JOINT["left_knee"]] - REST[JOINT["left_hip"]]) + np.linalg.norm(
        REST[JOINT["left_ankle"]] - REST[JOINT["left_knee"]])
    assert np.linalg.norm(hip - targets[0].ankles, axis=1).max() < 1.0005 * length


@pytest.mark.parametrize("way", [(0, 0, 0.05), (0.05, 0, 0.02), (0, -0.08, 0.03)])
def test_a_solved_leg_has_its_foot_where_it_goes_and_its_knee_ahead(way):
    local, rotmats, joints = body()
    targets = goals(rotmats, joints, np.tile(way, (FRAMES, 1)))
    shift = np.tile((0.01, 0.0, -0.01), (FRAMES, 1))
    for target in targets:
        solve_leg(local, np.moveaxis(rotmats, 1, 0), joints, shift, target)
    turned, moved = forward_kinematics(local, REST, shift)
    for side, target in zip(("left", "right"), targets):
        hip, knee, ankle = (moved[:, JOINT[f"{side}_{name}"]] for name in ("hip", "knee", "ankle"))
        np.testing.assert_allclose(ankle, target.ankles, atol=1e-6)
        np.testing.assert_allclose(turned[:, JOINT[f"{side}_ankle"]], target.rotmats, atol=1e-9)
        line = (ankle - hip) / np.linalg.norm(ankle - hip, axis=1, keepdims=True)
        off = knee - hip - ((knee - hip) * line).sum(1, keepdims=True) * line
        assert (off[:, 1] < 0).all()            # the body faces -y
    np.testing.assert_allclose(moved[:, JOINT["head"]], joints[:, JOINT["head"]] + shift, atol=1e-9)


LEG = sum(np.linalg.norm(REST[JOINT[f"left_{end}"]] - REST[JOINT[f"left_{start}"]])
          for start, end in (("hip", "knee"), ("knee", "ankle")))


def pelvis_of(moves, knee=0.3, held=1.0):
    _, rotmats, joints = body(knee)
    return compute_pelvis_shift(joints, goals(rotmats, joints, moves, held), TIMES), joints


@pytest.mark.parametrize("held", [1.0, 0.5])
def test_for_feet_far_below_the_pelvis_sinks_to_where_legs_are_nearly_stretched(held):
    """To 0.998 of their length; as far as feet are held."""
    down = 0.2
    shift, joints = pelvis_of(np.tile((0.0, 0.0, -down), (FRAMES, 1)), knee=0.6, held=held)
    ankle, hip = joints[0, JOINT["left_ankle"]] - (0, 0, down), joints[0, JOINT["left_hip"]]
    along = (hip - ankle) / np.linalg.norm(hip - ankle)
    matrix = 2 * held * (np.outer(along, along) + 0.05 * np.eye(3))
    follows = np.linalg.solve(matrix + 0.1 * np.eye(3), matrix @ (0, 0, -down))
    way = hip + follows - ankle
    missing = max(way[2] - np.sqrt((0.998 * LEG) ** 2 - way[0] ** 2 - way[1] ** 2), 0)
    np.testing.assert_allclose(shift[30], follows - (0, 0, held * missing), atol=2e-3)


def test_for_feet_within_reach_the_pelvis_does_not_sink_more_than_it_follows():
    shift, _ = pelvis_of(np.tile((0.0, 0.0, -0.02), (FRAMES, 1)), knee=0.9)
    assert -0.02 < shift[30, 2] < -0.018


def test_a_leg_that_was_straighter_may_stay_so():
    shift, _ = pelvis_of(np.zeros((FRAMES, 3)), knee=0.02)
    assert np.abs(shift).max() < 1e-9


def test_the_pelvis_begins_to_sink_a_fifth_of_a_second_before_and_rises_as_long_after():
    moves = np.zeros((FRAMES, 3))
    moves[30] = (0, 0, -0.15)
    shift, _ = pelvis_of(moves, knee=0.05)
    still, _ = pelvis_of(np.zeros((FRAMES, 3)), knee=0.05)
    sunk = np.flatnonzero(shift[:, 2] < still[:, 2] - 1e-6)
    # A window of two sigmas of 0.1 s and a frame: the highest of it, averaged over as much again; and the smooth follows 0.3 s.
    assert 30 - 14 <= sunk.min() <= 30 - 9 and 30 + 9 <= sunk.max() <= 30 + 14
    np.testing.assert_allclose(shift[:30, 2], shift[:30:-1, 2], atol=1e-9)


def test_one_foot_takes_the_pelvis_along_less_than_two():
    _, rotmats, joints = body()
    moves = np.tile((0.0, 0, 0.02), (FRAMES, 1))
    both = goals(rotmats, joints, moves)
    one = [both[0], Goal(both[1].sole, both[1].rotmats, both[1].ankles, np.zeros(FRAMES), both[1].toes)]
    assert compute_pelvis_shift(joints, one, TIMES)[30, 2] == pytest.approx(0.02 * 1.05 / 1.15, rel=0.02)


def test_a_foot_too_far_aside_to_be_reached_lets_the_pelvis_down_to_three_tenths_of_the_leg_at_most():
    shift, joints = pelvis_of(np.tile((3.0, 0.0, 0.0), (FRAMES, 1)))
    height = joints[0, JOINT["left_hip"], 2] + shift[30, 2] - joints[0, JOINT["left_ankle"], 2]
    assert height == pytest.approx(0.3 * LEG, abs=0.02)
