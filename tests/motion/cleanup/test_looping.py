"""Loops of walkers who go round a corner and uphill."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.cleanup.looping import close_loop, find_loop, fit_whole_frames
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.motion.walkers import FPS, STRIDE_SECONDS, walker


def about_up(degrees):
    """Return rotations (..., 3, 3) about the vertical by degrees (...)."""
    return rotmat_from_rotvec(np.radians(np.asarray(degrees, float))[..., None] * (0.0, 0.0, 1.0))


def on_a_way(body, degrees_per_stride=0.0, climb_per_stride=0.0):
    """Return a walker whose path bends to the left and climbs (m) with each stride."""
    strides = body.timestamps / STRIDE_SECONDS
    rotmats = body.rotmats.copy()
    rotmats[:, 0] = about_up(degrees_per_stride * strides) @ rotmats[:, 0]
    steps = np.diff(body.transl, axis=0) * (1, 1, 0)
    bent = (about_up(degrees_per_stride * strides[:-1]) @ steps[..., None])[..., 0]
    transl = np.concatenate((np.zeros((1, 3)), np.cumsum(bent, axis=0)))
    transl[:, 2] = body.transl[:, 2] + climb_per_stride * strides
    return body.with_pose(rotmats, transl)


def strides_of(first, last):
    return (last - first) / FPS / STRIDE_SECONDS


def degrees_between(first, second):
    return np.degrees(np.arccos(np.clip((np.trace(np.swapaxes(first, -1, -2) @ second, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))


@pytest.mark.parametrize("bend", [25, -25])
def test_a_loop_round_a_corner_ends_in_the_first_pose_turned_by_the_corner(bend):
    body = on_a_way(walker(), degrees_per_stride=bend)
    first, last = find_loop(body)
    strides = strides_of(first, last)
    assert round(strides) >= 1 and abs(strides - round(strides)) < 0.06
    loop = close_loop(body)
    turn = bend * strides
    np.testing.assert_allclose(loop.rotmats[0], body.rotmats[first], atol=1e-9)
    np.testing.assert_allclose(loop.rotmats[-1, 0], about_up(turn) @ loop.rotmats[0, 0], atol=1e-4)
    np.testing.assert_allclose(loop.rotmats[-1, 1:], loop.rotmats[0, 1:], atol=1e-9)
    # The seam is a small part of a stride: on the way the body faces where it faced before.
    assert degrees_between(loop.rotmats[:, 0], body.rotmats[first:last + 1, 0]).max() < 3


def test_a_loop_that_hardly_bends_is_closed_straight_and_gains_it_evenly():
    body = on_a_way(walker(), degrees_per_stride=6)
    first, last = find_loop(body)
    loop, bend = close_loop(body), 6 * strides_of(first, last)
    assert bend < 20
    np.testing.assert_allclose(loop.rotmats[-1, 0], loop.rotmats[0, 0], atol=1e-9)
    middle = (last - first) // 2
    share = middle / (last - first)
    expected = about_up(-bend * share) @ body.rotmats[first + middle, 0]
    assert degrees_between(loop.rotmats[middle, 0], expected) < 1


@pytest.mark.parametrize("climb", [0.06, -0.06])
def test_a_loop_uphill_comes_back_to_the_first_height_evenly(climb):
    body = on_a_way(walker(), climb_per_stride=climb)
    first, last = find_loop(body)
    loop = close_loop(body)
    before = body.transl[first:last + 1]
    assert abs(before[-1, 2] - before[0, 2]) > 0.04
    assert loop.transl[0, 2] == before[0, 2] and loop.transl[-1, 2] == pytest.approx(before[0, 2], abs=1e-12)
    gained = np.linspace(0, before[-1, 2] - before[0, 2], len(before))
    np.testing.assert_allclose(loop.transl[:, 2], before[:, 2] - gained, atol=1e-12)


def test_the_way_over_the_floor_and_the_times_stay_those_of_the_part():
    body = on_a_way(walker(), degrees_per_stride=25, climb_per_stride=0.05)
    first, last = find_loop(body)
    loop = close_loop(body)
    np.testing.assert_array_equal(loop.transl[:, :2], body.transl[first:last + 1, :2])
    np.testing.assert_array_equal(loop.timestamps, body.timestamps[first:last + 1])
    np.testing.assert_array_equal(loop.contacts, body.contacts[first:last + 1])


def test_the_loop_is_found_where_it_is_though_the_walker_begins_and_ends_otherwise():
    body = walker(150)
    rotmats = body.rotmats.copy()
    down = np.clip(1 - body.timestamps * FPS / 50, 0, 1) - np.clip((body.timestamps * FPS - 100) / 50, 0, 1)
    rotmats[:, JOINT["left_shoulder"]] = rotmat_from_rotvec(1.2 * down[:, None] * (0.0, 0.0, 1.0))
    first, last = find_loop(body.with_pose(rotmats, body.transl))
    assert first >= 48 and last <= 102 and strides_of(first, last) == pytest.approx(1.0, abs=0.05)


def test_a_step_half_way_through_the_cycle_is_no_loop_though_the_pose_is_alike():
    """A pendulum is at its middle twice a swing: only once with the same speed."""
    body = walker(100, stride=0.0)
    times = np.arange(100) / FPS
    rotmats = np.tile(np.eye(3), (100, 24, 1, 1))
    rotmats[:, 0] = body.rotmats[:, 0]
    rotmats[:, JOINT["left_shoulder"]] = rotmat_from_rotvec(0.8 * np.sin(2 * np.pi * times / 1.6)[:, None] * (0.0, 0.0, 1.0))
    first, last = find_loop(body.with_pose(rotmats, np.zeros((100, 3))))
    assert (last - first) / FPS / 1.6 == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("frames", [4, 16])
def test_what_is_shorter_than_half_a_second_is_its_loop(frames):
    assert find_loop(walker(frames)) == (0, frames - 1)


def test_long_motions_of_which_every_fourth_frame_is_searched_first_loop_to_the_frame():
    body = walker(4000)
    rotmats = body.rotmats.copy()
    rotmats[:, JOINT["left_shoulder"]] = rotmat_from_rotvec(np.linspace(0, 6, 4000)[:, None] * (0.0, 0.0, 1.0))
    first, last = find_loop(body.with_pose(rotmats, body.transl))
    assert last - first == STRIDE_SECONDS * FPS


def swinging(seconds, period):
    """Return a pendulum that swings a little farther each time: the shortest loop is the best one."""
    frames = round(seconds * FPS)
    times, body = np.arange(frames) / FPS, walker(frames, stride=0.0)
    rotmats = np.tile(np.eye(3), (frames, 24, 1, 1))
    rotmats[:, 0] = body.rotmats[:, 0]
    angle = (0.6 + 0.05 * times) * np.sin(2 * np.pi * times / period)
    rotmats[:, JOINT["left_shoulder"]] = rotmat_from_rotvec(angle[:, None] * (0.0, 0.0, 1.0))
    return body.with_pose(rotmats, np.zeros((frames, 3)))


@pytest.mark.parametrize(("period", "loop"), [(0.7, 0.7), (0.5, 0.5), (0.4, 0.8)])
def test_a_loop_is_as_short_as_a_period_that_lasts_half_a_second(period, loop):
    first, last = find_loop(swinging(4.0, period))
    assert (last - first) / FPS == pytest.approx(loop, abs=0.5 / FPS)


@pytest.mark.parametrize("frames", [2, 10, 15])
def test_a_motion_of_half_a_second_loops_whole(frames):
    assert find_loop(swinging(frames / FPS, 0.7)) == (0, frames - 1)


def waiting_walker(standing_seconds):
    """Return somebody who stands, with the small tremble of a capture, and then walks for 5 s."""
    walk, frames = walker(150), round(standing_seconds * FPS)
    rotmats = np.concatenate((np.repeat(walk.rotmats[:1], frames, axis=0), walk.rotmats))
    noise = np.random.default_rng(0).normal(0, np.radians(0.2), (len(rotmats), 24, 3))
    return replace(walk, rotmats=rotmats @ rotmat_from_rotvec(noise),
                   transl=np.concatenate((np.repeat(walk.transl[:1], frames, axis=0), walk.transl)),
                   contacts=np.concatenate((np.ones((frames, 4)), walk.contacts)), timestamps=np.arange(len(rotmats)) / FPS)


@pytest.mark.parametrize("standing_seconds", [1.0, 4.0])
def test_a_walker_who_stands_at_first_loops_while_walking(standing_seconds):
    first, last = find_loop(waiting_walker(standing_seconds))
    assert first >= standing_seconds * FPS - 1
    strides = strides_of(first, last)
    assert round(strides) >= 1 and abs(strides - round(strides)) < 0.06


def test_somebody_who_only_stands_loops_where_the_pose_is_most_alike():
    body = waiting_walker(4.0).at(slice(0, 120))
    first, last = find_loop(body)
    _, joints = body.pose()
    gaps = np.linalg.norm(joints[:, None] - joints[None], axis=-1).mean(axis=-1)
    assert gaps[first, last] < np.quantile(gaps, 0.1)


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.8, 24.0, 19), (33 / 30, 24.0, 26), (1.0, 30.0, 30), (0.01, 24.0, 1)])
def test_a_loop_lasts_whole_frames(seconds, fps, frames):
    assert seconds / fit_whole_frames(seconds, fps) * fps == pytest.approx(frames, abs=1e-9)


def test_a_loop_of_no_time_keeps_its_speed():
    assert fit_whole_frames(0.0, 24.0) == 1.0
