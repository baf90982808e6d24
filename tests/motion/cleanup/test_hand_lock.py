from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.cleanup import CleanupSettings, clean_motion
from mpsnet_blender.motion.cleanup.hand_lock import lock_hands
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints
from tests.motion.walkers import FPS, disturbed, walker

WRISTS = [JOINT["left_wrist"], JOINT["right_wrist"]]
ELBOWS = [JOINT["left_elbow"], JOINT["right_elbow"]]
FRAMES = 120


def on_all_fours(sway: float = 0.0, lift: float = 0.0) -> WorldMotion:
    """Return a body over its hands that sways by so many metres; lift raises it from the 60th frame on, for good."""
    rotmats = np.tile(np.eye(3), (FRAMES, 24, 1, 1))
    # Y up to Z up, then face down: the body's forward is the world's down.
    rotmats[:, 0] = rotmat_from_rotvec(np.array((np.pi, 0, 0)))
    for side, sign in (("left", -1), ("right", 1)):
        rotmats[:, JOINT[f"{side}_shoulder"]] = rotmat_from_rotvec(np.array((0, sign * np.radians(82), 0)))
        rotmats[:, JOINT[f"{side}_elbow"]] = rotmat_from_rotvec(np.array((0, sign * np.radians(16), 0)))
    times = np.arange(FRAMES) / FPS
    body = WorldMotion(rotmats, np.zeros((FRAMES, 3)), generic_rest_joints(1.7), times, np.zeros((FRAMES, 4)))
    transl = np.zeros((FRAMES, 3))
    transl[:, 2] = 0.06 - body.pose()[1][:, WRISTS, 2].min()
    transl[:, 0] += sway * np.sin(3 * times)
    transl[:, 1] += sway * np.cos(2 * times)
    transl[:, 2] += lift * np.clip((np.arange(FRAMES) - 60) / 8, 0, 1)
    return replace(body, transl=transl)


def test_hands_on_the_floor_stay_where_they_lie():
    before = on_all_fours(sway=0.03)
    after = lock_hands(before)
    moved, kept = (np.ptp(body.pose()[1][:, WRISTS], axis=0).max() for body in (before, after))
    print(f"wrists sway {1000 * moved:.0f} mm, then {1000 * kept:.1f} mm")
    assert moved > 0.05 and kept < 0.006
    np.testing.assert_allclose(after.transl, before.transl)
    others = [joint for joint in range(24) if joint not in (16, 17, 18, 19, 20, 21)]
    np.testing.assert_array_equal(after.rotmats[:, others], before.rotmats[:, others])


def test_hands_keep_their_direction_and_elbows_their_side():
    before = on_all_fours(sway=0.03)
    after = lock_hands(before)
    np.testing.assert_allclose(after.pose()[0][:, WRISTS], before.pose()[0][:, WRISTS], atol=1e-9)
    step = np.linalg.norm(np.diff(after.pose()[1][:, ELBOWS], n=2, axis=0), axis=-1).max()
    assert step < 0.006
    for hand, elbow in zip(WRISTS, ELBOWS):
        shoulder = JOINT["left_shoulder"] if elbow == ELBOWS[0] else JOINT["right_shoulder"]
        bends = [_bend(body.pose()[1], shoulder, elbow, hand) for body in (before, after)]
        assert (bends[0] * bends[1]).sum(1).min() > 0


def _bend(joints, shoulder, elbow, hand):
    return joints[:, elbow] - (joints[:, shoulder] + joints[:, hand]) / 2


def test_hands_under_the_floor_come_to_lie_a_palm_over_it():
    before = on_all_fours()
    sunk = replace(before, transl=before.transl - (0, 0, 0.06))
    after = lock_hands(sunk)
    assert sunk.pose()[1][60, WRISTS, 2].max() < 0.03
    np.testing.assert_allclose(after.pose()[1][20:100, WRISTS, 2], 0.03 * 1.7, atol=2e-3)
    half = lock_hands(sunk, 0.5).pose()[1][60, WRISTS, 2]
    np.testing.assert_allclose(half, (sunk.pose()[1][60, WRISTS, 2] + 0.03 * 1.7) / 2, atol=3e-3)


def test_straight_arms_bend_to_the_side_on_which_elbows_lie():
    before = on_all_fours()
    rotmats = before.rotmats.copy()
    rotmats[:, ELBOWS] = np.eye(3)
    straight = replace(before, rotmats=rotmats)
    heights = straight.pose()[1][:, WRISTS, 2]
    pressed = replace(straight, transl=straight.transl - (0, 0, heights.min()))         # the wrists on the floor itself
    after = lock_hands(pressed)
    for hand, elbow, shoulder in zip(WRISTS, ELBOWS, (JOINT["left_shoulder"], JOINT["right_shoulder"])):
        turned, joints = (part[60] for part in after.pose())
        side = turned[JOINT["left_collar" if elbow == ELBOWS[0] else "right_collar"]] @ (0.0, -0.49, -0.87)
        line = (joints[hand] - joints[shoulder]) / np.linalg.norm(joints[hand] - joints[shoulder])
        bend, side = (vector - (vector @ line) * line for vector in (joints[elbow] - joints[shoulder], side))
        assert np.linalg.norm(bend) > 0.02 and bend @ side > 0.7 * np.linalg.norm(bend) * np.linalg.norm(side)


def test_hands_that_leave_the_floor_are_let_go_without_a_jerk():
    before = on_all_fours(sway=0.02, lift=0.5)
    after = lock_hands(before)
    np.testing.assert_allclose(after.pose()[1][85:, WRISTS], before.pose()[1][85:, WRISTS], atol=1e-3)
    jerks = [np.abs(np.diff(body.pose()[1][:, WRISTS], n=2, axis=0)).max() for body in (before, after)]
    assert jerks[1] < 2.0 * jerks[0]


def test_hands_in_the_air_are_left_alone():
    body = disturbed(walker())
    assert lock_hands(body) is body


def test_strength_goes_from_nothing_to_all():
    before = on_all_fours(sway=0.03)
    assert lock_hands(before, 0.0) is before
    half, full = (np.ptp(lock_hands(before, strength).pose()[1][:, WRISTS], axis=0).max() for strength in (0.5, 1.0))
    assert full < 0.3 * half


def test_clean_up_holds_hands_by_the_foot_locks_strength():
    before = on_all_fours(sway=0.03)
    kept, free = (np.ptp(clean_motion(before, CleanupSettings(foot_lock=lock)).body.pose()[1][:, WRISTS], axis=0).max()
                  for lock in (1.0, 0.0))
    assert kept < 0.2 * free


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_motions_pass(frames):
    assert np.isfinite(lock_hands(on_all_fours(sway=0.03).at(slice(0, frames))).rotmats).all()


def sliding(speed=0.0, height=0.06):
    """Return a body on all fours that goes so many metres a second along the floor, its lower wrist at a height."""
    body = on_all_fours()
    way = speed * body.timestamps[:, None] * np.array((1.0, 0.0, 0.0))
    return replace(body, transl=body.transl + way + (0, 0, height - 0.06))


@pytest.mark.parametrize(("height", "lies"), [(0.115, True), (0.13, False)])
def test_a_hand_lies_that_is_no_higher_than_twelve_centimetres(height, lies):
    """At 11 cm it is as likely to lie as not; a confidence of four tenths, at 12.2 cm, is enough."""
    wrists = sliding(height=height).pose()[1][0, WRISTS, 2]
    assert wrists.min() == pytest.approx(height) and np.ptp(wrists) < 1e-6
    sunk = sliding(height=height)
    assert (lock_hands(sunk) is not sunk) == lies


@pytest.mark.parametrize(("speed", "lies"), [(0.30, True), (0.36, False), (0.9, False)])
def test_a_hand_lies_that_is_no_faster_than_a_third_of_a_metre_a_second(speed, lies):
    body = sliding(speed, height=0.0)
    assert (lock_hands(body) is not body) == lies
