from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.cleanup.measured_contacts import measure_contacts
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.motion.walkers import FPS, UPRIGHT, walker

LEFT, RIGHT = slice(0, 2), slice(2, 4)


def still(frames=90):
    """Return somebody who stands on both feet."""
    body = walker(frames)
    rotmats = np.tile(np.eye(3), (frames, 24, 1, 1))
    rotmats[:, 0] = UPRIGHT
    return replace(body.with_pose(rotmats, np.zeros((frames, 3))), contacts=np.zeros((frames, 4)))


def with_left_foot_raised(body, frames):
    """Return the body with the left hip and knee bent by a right angle in these frames: the foot hangs half a leg up."""
    rotmats = body.rotmats.copy()
    rotmats[frames, JOINT["left_hip"]] = rotmat_from_rotvec(np.array((-np.pi / 2, 0, 0)))
    rotmats[frames, JOINT["left_knee"]] = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0)))
    return body.with_pose(rotmats, body.transl)


def test_a_foot_held_still_in_the_air_does_not_stand_and_one_on_the_floor_does():
    contacts = measure_contacts(with_left_foot_raised(still(), slice(45, 90)))
    assert contacts[:40, LEFT].min() > 0.99
    assert contacts[50:, LEFT].max() < 0.01
    assert contacts[:, RIGHT].min() > 0.99


def test_the_floor_is_where_a_foot_is_lowest_though_it_is_raised_nearly_all_the_time():
    contacts = measure_contacts(with_left_foot_raised(still(200), slice(0, 184)))
    assert contacts[:178, LEFT].max() < 0.01 and contacts[190:, LEFT].min() > 0.99


@pytest.mark.parametrize("height", [3.0, -3.0])
def test_where_the_floor_is_does_not_matter(height):
    body = walker()
    moved = body.with_pose(body.rotmats, body.transl + (0, 0, height))
    np.testing.assert_allclose(measure_contacts(moved), measure_contacts(body), atol=1e-9)


@pytest.mark.parametrize(("speed", "confidence"), [(0.0, 1.0), (0.45, 0.5), (0.9, 1 / 17), (0.225, 16 / 17)])
def test_a_foot_that_slides_at_45_centimetres_a_second_is_as_likely_to_stand_as_not(speed, confidence):
    body = still()
    sliding = body.with_pose(body.rotmats, body.timestamps[:, None] * np.array((0.6, 0.8, 0.0)) * speed)
    np.testing.assert_allclose(measure_contacts(sliding), confidence, atol=1e-6)


@pytest.mark.parametrize(("height", "confidence"), [(0.05, 0.5), (0.10, 1 / 17)])
def test_a_foot_five_centimetres_over_its_floor_is_as_likely_to_stand_as_not(height, confidence):
    body = still()
    transl = np.zeros((90, 3))
    transl[45:, 2] = height
    contacts = measure_contacts(body.with_pose(body.rotmats, transl))
    np.testing.assert_allclose(contacts[:40], 1.0, atol=1e-6)
    np.testing.assert_allclose(contacts[50:], confidence, atol=1e-6)


def test_the_frame_rate_does_not_matter():
    fast = walker(150)
    every_third = replace(fast.with_pose(fast.rotmats[::3], fast.transl[::3]), timestamps=fast.timestamps[::3],
                          contacts=fast.contacts[::3])
    assert every_third.timestamps[1] == pytest.approx(3 / FPS)
    agree = (measure_contacts(every_third) > 0.5) == (measure_contacts(fast)[::3] > 0.5)
    assert agree.mean() > 0.9


@pytest.mark.parametrize("frames", [1, 2])
def test_too_few_frames_give_no_contact(frames):
    assert measure_contacts(still(frames)).tolist() == [[0.0] * 4] * frames
