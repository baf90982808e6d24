"""Fingers in the clean-up: carried through every step, and changed only by those that say so."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.hand_shapes import bend_fingers
from mpsnet_blender.motion.base.rotations import rotmat_from_quat, rotmat_from_rotvec, rotvec_from_rotmat
from mpsnet_blender.motion.cleanup.cleanup import CleanupSettings, clean_motion, keep_unchanged
from mpsnet_blender.motion.cleanup.stored_motion import make_stored_motion, motion_bytes, motion_from_bytes
from mpsnet_blender.motion.formats.even_rate import resample_evenly
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.motion_file import new_motion
from tests.motion.walkers import walker

FRAMES = 120


def closing_hands(frames=FRAMES, noise_degrees=0.0):
    """Return hands whose index fingers bend evenly from 0 to 90 degrees at the knuckle."""
    rotvecs = np.zeros((frames, 30, 3))
    share = np.linspace(0, 1, frames)[:, None, None]
    for first, side in ((0, "left"), (15, "right")):
        rotvecs[:, first:first + 15] = share * bend_fingers({"index": (90, 0, 0)}, side)
    rotvecs += np.radians(noise_degrees) * np.random.default_rng(0).normal(size=rotvecs.shape)
    return make_hand_poses(rotvecs, np.ones((frames, 2)))


def walker_with_hands(**changes):
    return replace(walker(FRAMES), hands=closing_hands(**changes))


def bend_degrees(rotmats):
    """Return the bend (T,) of left_index1 from rotations (T, 54, 3, 3)."""
    return np.degrees(np.linalg.norm(rotvec_from_rotmat(rotmats[:, 24]), axis=-1))


def test_what_is_not_cleaned_keeps_its_fingers():
    body = walker_with_hands()
    kept, cleaned = keep_unchanged(body), clean_motion(body, CleanupSettings(level=1.0, floor_offset=0.3, from_origin=True))
    for motion in (kept, cleaned):
        np.testing.assert_allclose(bend_degrees(motion.body.full_rotmats), np.linspace(0, 90, FRAMES), atol=1e-3)
        assert motion.quats.shape == (FRAMES, 54, 4) and len(motion.keys.rotations) == 54


def test_matrices_and_quaternions_of_body_and_fingers_are_the_same_rotations():
    body = walker_with_hands(noise_degrees=20.0)
    assert body.full_rotmats.shape == (FRAMES, 54, 3, 3)
    np.testing.assert_allclose(rotmat_from_quat(body.full_quats), body.full_rotmats, atol=1e-9)


def test_smooth_fingers_takes_the_trembling_of_the_fingers_and_leaves_the_body():
    body, truth = walker_with_hands(noise_degrees=3.0), walker_with_hands()
    cleaned = clean_motion(body, CleanupSettings(smooth_fingers=0.4, foot_lock=0.0))
    before, after = (np.abs(bend_degrees(motion.full_rotmats) - bend_degrees(truth.full_rotmats))[10:-10].mean()
                     for motion in (body, cleaned.body))
    assert after < 0.5 * before
    np.testing.assert_allclose(cleaned.body.rotmats, body.rotmats, atol=1e-12)


def test_a_finger_that_jumps_for_a_frame_is_repaired():
    hands = closing_hands()
    hands.left_hand_pose[60, :3] += (0, 0, -1.0)
    cleaned = clean_motion(replace(walker(FRAMES), hands=hands), CleanupSettings(repair_spikes=True, foot_lock=0.0))
    assert bend_degrees(cleaned.body.full_rotmats)[60] == pytest.approx(90 * 60 / (FRAMES - 1), abs=0.5)


def test_a_loop_ends_with_the_fingers_as_it_begins():
    body = clean_motion(walker_with_hands(), CleanupSettings(loop=True)).body
    np.testing.assert_allclose(body.full_rotmats[-1, 24:], body.full_rotmats[0, 24:], atol=1e-5)
    assert len(body.hands.hand_confidence) == len(body.transl) < FRAMES


def test_fingers_that_bend_evenly_need_few_keys_and_stay_within_the_tolerance():
    body = walker_with_hands()
    cleaned = clean_motion(body, CleanupSettings(key_tolerance=3.0, foot_lock=0.0))
    index = cleaned.keys.rotations[24]
    assert len(index) < FRAMES / 4 and index[0] == 0 and index[-1] == FRAMES - 1
    assert cleaned.keys.rotations[53].tolist() == [0, FRAMES - 1]       # right_thumb3 does not move


def test_fingers_are_kept_in_the_scene_and_motions_without_them_have_none():
    hands = closing_hands(3)
    motion = new_motion(np.zeros((3, 72)), np.zeros((3, 3)), 30.0, hands=hands)
    kept = motion_from_bytes(motion_bytes(make_stored_motion(motion)))
    for body in (kept.raw, kept.imported):
        np.testing.assert_array_equal(body.hands.rotvecs, hands.rotvecs)
    assert motion_from_bytes(motion_bytes(make_stored_motion(replace(motion, hands=None)))).raw.hands is None


def test_at_another_rate_fingers_lie_between_their_neighbours():
    motion = new_motion(np.zeros((3, 72)), np.zeros((3, 3)), 10.0, hands=closing_hands(3))
    twice = resample_evenly(motion, 20.0).hands
    np.testing.assert_allclose(bend_degrees(np.concatenate((np.tile(np.eye(3), (5, 24, 1, 1)), rotmat_from_rotvec(twice.rotvecs)),
                                                           axis=1)), (0, 22.5, 45, 67.5, 90), atol=1e-4)
    assert twice.hand_confidence.shape == (5, 2)
