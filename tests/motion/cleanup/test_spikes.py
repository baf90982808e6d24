import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.spikes import find_spikes, repair_spikes
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

FRAMES = 40
KNEE = JOINT["left_knee"]


def apart(first, second):
    return np.linalg.norm(first - second, axis=-1)


def spikes_of(column, least=0.1):
    """Return the frames that are spikes of one joint's values (T,), 30 a second."""
    times = np.arange(len(column)) / 30
    return np.flatnonzero(find_spikes(np.asarray(column, float)[:, None, None], times, least, apart)[:, 0]).tolist()


def with_jump(first, length, height, slope=0.001):
    column = slope * np.arange(FRAMES)
    column[first:first + length] += height
    return column


@pytest.mark.parametrize("length", [1, 2, 3])
def test_what_jumps_away_for_up_to_three_frames_and_comes_back_is_a_spike(length):
    for height in (1.0, -1.0):
        assert spikes_of(with_jump(20, length, height)) == list(range(20, 20 + length))


def test_what_stays_away_for_longer_is_a_move():
    assert spikes_of(with_jump(20, 4, 1.0)) == []
    assert spikes_of(with_jump(20, 20, 1.0)) == []


def test_jumps_below_the_least_are_left_to_the_smoothing():
    assert spikes_of(with_jump(20, 1, 0.09), least=0.1) == []
    assert spikes_of(with_jump(20, 1, 0.11), least=0.1) == [20]


def test_a_jump_is_so_by_what_the_joint_usually_does():
    hasty = with_jump(20, 1, 1.0, slope=0.2)
    assert spikes_of(hasty) == []                                       # six times 0.2 is more than the jump
    assert spikes_of(with_jump(20, 1, 1.0, slope=0.1)) == [20]


def test_what_comes_back_only_half_way_is_no_spike():
    half = with_jump(20, 1, 1.0)
    half[21:] += 0.55
    assert spikes_of(half) == []
    for returned, found in ((0.25, [20]), (0.32, [20]), (0.35, [])):       # half of the way back is 0.34 and 0.325
        partly = with_jump(20, 1, 1.0)
        partly[21:] += returned
        assert spikes_of(partly) == found


def test_a_hit_gathers_speed_and_loses_it():
    hit = np.zeros(FRAMES)
    hit[18:23] = (0.4, 0.9, 1.0, 0.9, 0.4)
    assert spikes_of(hit) == []


def test_spikes_next_to_the_clips_ends_are_found_and_those_on_them_are_not():
    assert spikes_of(with_jump(1, 1, 1.0)) == [1] and spikes_of(with_jump(FRAMES - 2, 1, 1.0)) == [FRAMES - 2]
    assert spikes_of(with_jump(0, 1, 1.0)) == [] and spikes_of(with_jump(FRAMES - 1, 1, 1.0)) == []


def moving_body(frames=FRAMES):
    rotvecs = np.zeros((frames, 24, 3))
    rotvecs[:, KNEE, 0] = 0.01 * np.arange(frames)
    transl = 0.01 * np.arange(frames)[:, None] * np.array((1.0, 0, 0))
    times = np.arange(frames) / 30
    return WorldMotion(rotmat_from_rotvec(rotvecs), transl, generic_rest_joints(1.7), times, np.zeros((frames, 4)))


@pytest.mark.parametrize(("degrees", "repaired"), [(13, False), (17, True), (60, True)])
def test_a_joint_that_jumps_by_more_than_15_degrees_is_bridged_evenly(degrees, repaired):
    body = moving_body()
    spiky = body.with_pose(body.rotmats.copy(), body.transl.copy())
    spiky.rotmats[20:22, KNEE] = spiky.rotmats[20:22, KNEE] @ rotmat_from_rotvec(np.array((0, np.radians(degrees), 0)))
    after = repair_spikes(spiky)
    expected = body if repaired else spiky
    np.testing.assert_allclose(after.rotmats, expected.rotmats, atol=1e-4)
    np.testing.assert_array_equal(after.transl, body.transl)


@pytest.mark.parametrize(("metres", "repaired"), [(0.09, False), (0.12, True)])
def test_a_body_that_leaps_by_more_than_ten_centimetres_is_bridged_evenly(metres, repaired):
    body = moving_body()
    leaping = body.with_pose(body.rotmats, body.transl.copy())
    leaping.transl[20] += (0, 0, metres)
    after = repair_spikes(leaping)
    np.testing.assert_allclose(after.transl, body.transl if repaired else leaping.transl, atol=1e-9)
    np.testing.assert_allclose(after.rotmats, body.rotmats, atol=1e-9)


def test_a_motion_of_two_frames_has_no_spikes():
    body = moving_body(2)
    assert repair_spikes(body) is body
