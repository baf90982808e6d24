import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import continuous_quat, quat_from_rotmat, rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.key_reduction import interpolate_keys, reduce_keys
from mpsnet_blender.motion.cleanup.motion_keys import all_keys, find_needed_keys
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

FRAMES = np.arange(21.0)


def keys_of(*columns, tolerance=0.1, frames=FRAMES):
    """Return the keys of one channel with these columns (T,)."""
    (keys,) = reduce_keys([np.stack(columns, axis=1)], frames, [tolerance])
    return keys.tolist()


def test_a_line_needs_its_ends_alone_and_a_corner_a_third_key():
    assert keys_of(3 - 2 * FRAMES) == [0, 20]
    assert keys_of(np.abs(FRAMES - 7)) == [0, 7, 20]


def test_what_strays_by_no_more_than_the_tolerance_needs_no_key():
    bump = np.where(FRAMES == 10, 1.0, 0.0)
    assert keys_of(bump, tolerance=1.01) == [0, 20]
    assert keys_of(bump, tolerance=0.95) == [0, 10, 20]             # 0.9 is the worst beside it then
    assert keys_of(bump, tolerance=0.85) == [0, 9, 10, 11, 20]


def test_the_tolerance_is_the_length_of_what_differs_in_all_columns():
    bump = np.where(FRAMES == 10, 3.0, 0.0)
    assert keys_of(bump, 4 / 3 * bump, tolerance=5.01) == [0, 20]
    assert 10 in keys_of(bump, 4 / 3 * bump, tolerance=4.9)


def test_frames_may_lie_unevenly():
    uneven = FRAMES ** 2
    assert keys_of(2 * uneven, frames=uneven) == [0, 20]
    assert len(keys_of(2 * FRAMES, frames=uneven)) > 3


def test_each_channel_has_its_tolerance():
    channels = [np.sin(FRAMES)[:, None], np.sin(FRAMES)[:, None]]
    loose, tight = reduce_keys(channels, FRAMES, [2.5, 0.01])
    assert loose.tolist() == [0, 20] and len(tight) > 15


@pytest.mark.parametrize("count", [1, 2])
def test_two_frames_are_two_keys(count):
    assert keys_of(FRAMES[:count], frames=FRAMES[:count]) == list(range(count))


@pytest.mark.parametrize("tolerance", [0.02, 0.3])
def test_long_channels_stay_within_their_tolerance_too(tolerance):
    frames = np.arange(1000.0)
    channel = np.stack((np.sin(frames / 20), np.cos(frames / 33)), axis=1)
    (keys,) = reduce_keys([channel], frames, [tolerance])
    off = np.linalg.norm(interpolate_keys(channel, frames, keys) - channel, axis=1)
    assert off.max() <= tolerance and {0, 999} <= set(keys.tolist()) and len(keys) < 200


def test_lines_go_straight_from_key_to_key():
    interpolated = interpolate_keys(FRAMES[:, None] ** 2, FRAMES, np.array((0, 10, 20)))
    np.testing.assert_allclose(interpolated[[5, 10, 15], 0], (50, 100, 250))


def bending(joint, amplitude=0.6):
    """Return a body of which one joint swings back and forth."""
    rotvecs = np.zeros((120, 24, 3))
    rotvecs[:, JOINT[joint], 0] = amplitude * np.sin(np.arange(120) / 9)
    return WorldMotion(rotmat_from_rotvec(rotvecs), np.zeros((120, 3)), generic_rest_joints(1.7), np.arange(120) / 30,
                       np.zeros((120, 4)))


def keys_for(body, tolerance_mm):
    return find_needed_keys(body, continuous_quat(quat_from_rotmat(body.rotmats)), tolerance_mm)


def test_what_does_not_move_has_two_keys_and_what_moves_has_more():
    keys = keys_for(bending("left_elbow"), 5.0)
    assert keys.location.tolist() == [0, 119]
    moving = keys.rotations[JOINT["left_elbow"]]
    assert len(moving) > 10 and all(len(own) == 2 for joint, own in enumerate(keys.rotations) if joint != JOINT["left_elbow"])
    assert keys.count == 2 + len(moving) + 23 * 2


def test_a_joint_that_carries_much_needs_more_keys_than_one_that_carries_little():
    hip, wrist = (len(keys_for(bending(joint), 5.0).rotations[JOINT[joint]]) for joint in ("left_hip", "left_wrist"))
    assert hip > 1.5 * wrist


def test_a_finer_tolerance_needs_more_keys():
    coarse, fine = (keys_for(bending("left_hip"), tolerance).count for tolerance in (10.0, 1.0))
    assert fine > 1.3 * coarse


def test_all_keys_are_one_a_frame():
    keys = all_keys(7, 24)
    assert keys.count == 25 * 7 and keys.location.tolist() == list(range(7)) and len(keys.rotations) == 24
