from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import quat_from_rotvec
from mpsnet_blender.motion.formats.even_rate import resample_evenly
from mpsnet_blender.shared.motion_file import Motion, new_motion


def turning(timestamps, rate: float = 30.0, speed: float = 1.0) -> Motion:
    """A body that turns about Z at `speed` rad/s and walks along X at 2 m/s, seen at these seconds."""
    timestamps = np.asarray(timestamps, dtype=float)
    poses = np.zeros((len(timestamps), 72))
    poses[:, 2] = speed * timestamps
    trans = np.column_stack((2.0 * timestamps, np.zeros((len(timestamps), 2))))
    return new_motion(poses=poses, trans=trans, mocap_framerate=rate, timestamps=timestamps)


def test_even_timestamps_leave_the_motion_as_it_is():
    motion = turning(5.0 + np.arange(20) / 30)
    assert resample_evenly(motion) is motion


@pytest.mark.parametrize(("off", "stays"), [(0.008, True), (0.015, False)])
def test_a_hundredth_of_a_frame_is_even_enough(off, stays):
    seconds = np.arange(20) / 30
    seconds[7] += off / 30
    motion = turning(seconds)
    assert (resample_evenly(motion) is motion) == stays


def test_what_belongs_to_the_videos_frames_is_left_out_and_a_still_camera_stays():
    motion = turning(np.arange(3) / 30)
    motion = replace(motion, keypoints2d=np.zeros((3, 33, 3)), world_from_cam=np.eye(4)[None])
    even = resample_evenly(motion, 60.0)
    assert even.keypoints2d is None and even.world_from_cam.shape == (1, 4, 4)
    assert resample_evenly(replace(motion, world_from_cam=np.tile(np.eye(4), (3, 1, 1))), 60.0).world_from_cam is None


def test_uneven_timestamps_are_put_on_the_even_places():
    generator = np.random.default_rng(0)
    seconds = np.sort(np.concatenate(((0.0, 2.0), generator.uniform(0, 2, 70))))
    even = resample_evenly(turning(seconds))
    assert even.frame_count == 61 and np.allclose(even.timestamps, np.arange(61) / 30)
    assert np.allclose(even.trans[:, 0], 2 * even.timestamps)
    assert np.allclose(even.poses[:, 2], even.timestamps)


@pytest.mark.parametrize("rate, frames", [(24.0, 49), (60.0, 121), (29.97, 60)])
def test_another_rate_keeps_the_speed(rate, frames):
    even = resample_evenly(turning(np.arange(61) / 30), rate)
    assert even.frame_count == frames and even.mocap_framerate == rate
    assert np.allclose(even.trans[:, 0], 2 * np.arange(frames) / rate)


def test_a_turn_past_the_half_goes_the_short_way():
    # From 170 to -170 degrees: the middle is 180, not 0.
    motion = turning((0.0, 2 / 30))
    motion.poses[:, 2] = np.radians((170.0, -170.0))
    middle = quat_from_rotvec(resample_evenly(motion).poses[1, :3])
    assert abs(middle[3]) == pytest.approx(1.0)


def test_one_frame_stays_one_frame():
    assert resample_evenly(turning((3.0,)), 60.0).frame_count == 1


def test_contacts_and_frame_index_are_the_nearest_frames():
    motion = turning(np.arange(3) / 30)
    motion.contacts[1] = 1.0
    even = resample_evenly(motion, 90.0)
    assert even.contacts[:, 0].tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert even.frame_index.tolist() == [0, 0, 1, 1, 1, 2, 2]
