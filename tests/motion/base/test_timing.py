import numpy as np
import pytest

from mpsnet_blender.motion.base.timing import compute_scene_frames, split_frame_rate


def test_a_second_of_video_is_a_second_of_the_scene():
    frames = compute_scene_frames(np.arange(61) / 30, 0.0, 1, 24)
    assert frames[0] == 1 and frames[30] == pytest.approx(25) and frames[1] == pytest.approx(1.8)


def test_frames_at_the_scenes_rate_are_whole():
    frames = compute_scene_frames(np.arange(1000) * 1001 / 30000, 0.0, 10, 30 / 1.001)
    np.testing.assert_array_equal(frames, np.arange(10, 1010))


def test_the_origin_falls_on_the_start_frame():
    assert compute_scene_frames(np.array([4.0]), 2.0, 1, 25)[0] == 51


@pytest.mark.parametrize("framerate, expected", [
    (24.0, (24, 1.0)), (29.97, (30, 1.001)), (59.94, (60, 1.001)), (5.0, (5, 1.0))])
def test_frame_rates_become_blenders_two_numbers(framerate, expected):
    fps, base = split_frame_rate(framerate)
    assert (fps, pytest.approx(base, abs=1e-4)) == (expected[0], expected[1])
    assert fps / base == pytest.approx(framerate)
