"""Everybody on the floor, from walkers that a camera sees perfectly."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.body.lifting import LandmarkRays
from backend.body.picture_fit import Picture
from backend.camera.path import CameraTrack
from backend.camera.vertical_lines import Vertical, down_in_camera
from backend.engines.engine import CapturedPerson
from backend.people.gaps import Clock
from backend.people.landmarks import LANDMARK
from backend.world.placing import WorldCamera, find_seen_feet, make_sight, place_people
from backend.world.soles import find_soles
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.angles import angle_between
from tests.backend.made_people import INTRINSICS, Walker, person_track, seen_from, walker, world_from_camera

DOWN = np.array((0.0, 0.0, -1.0))
FEET = [LANDMARK[name] for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")]


def sighted(pitch, frame_count=60):
    """Return a walker in the world and what a camera that looks so many degrees down sees of the feet."""
    true = walker(frame_count)
    seen = seen_from(true, pitch)
    person = CapturedPerson(person_track(seen), seen.body, seen.motion, frame_count, 0)
    cameras = np.tile(world_from_camera(pitch), (frame_count, 1, 1))
    return true, find_seen_feet(make_sight(person, true.rotmats, INTRINSICS, cameras), true.transl)


@pytest.mark.parametrize("pitch", [0, 20])
def test_feet_are_seen_where_their_landmarks_are_heels_and_toes_apart(pitch):
    true, feet = sighted(pitch)
    landmarks = true.landmarks[:, FEET]
    # A shoe's heel landmark lies 55 mm over the sole, that of the toes 25 mm.
    np.testing.assert_allclose(feet.seen, landmarks - np.array((0.055, 0.025, 0.055, 0.025))[:, None] * (0, 0, 1), atol=1e-9)
    assert np.linalg.norm(landmarks[:, 0] - landmarks[:, 1], axis=-1).min() > 0.15      # so that heels are not taken for toes


@pytest.mark.parametrize("pitch", [0, 20])
def test_feet_are_posed_where_the_body_has_its_soles(pitch):
    true, feet = sighted(pitch)
    np.testing.assert_allclose(feet.posed, find_soles(true.joints, true.body.stature, DOWN), atol=1e-9)
    assert np.abs(feet.seen - feet.posed).max() < 0.12          # each sole beside its landmark


def test_the_lowest_part_beside_the_feet_is_given_for_a_root_at_the_origin():
    true = walker(60)
    person = CapturedPerson(person_track(seen_from(true)), true.body, seen_from(true).motion, 60, 0)
    sight = make_sight(person, true.rotmats, INTRINSICS, np.tile(world_from_camera(), (60, 1, 1)))
    knees = (true.joints - true.transl[:, None])[:, [JOINT["left_knee"], JOINT["right_knee"]], 2]
    np.testing.assert_allclose(sight.lowest, knees.min(1) - 0.035 * 1.7, atol=1e-9)       # of who walks it is a knee


def test_feet_are_seen_from_the_cameras_place_and_right():
    _, feet = sighted(20)
    np.testing.assert_allclose(feet.camera, np.tile((0, 0, 1.4), (60, 1)), atol=1e-12)
    np.testing.assert_allclose(feet.right, np.tile((1, 0, 0), (60, 1)), atol=1e-12)
    assert feet.timestamps[-1] == pytest.approx(59 / 30)


def captured(seen):
    frame_count = len(seen.timestamps)
    return CapturedPerson(person_track(seen), seen.body, seen.motion, frame_count, 0)


def test_feet_of_several_views_stand_where_they_do_in_all():
    seen = seen_from(walker(60, velocity=(0.0, 0.0)))
    rays = seen.landmarks / seen.landmarks[..., 2:]
    going = rays.copy()
    going[:, FEET[2:]] += 0.05 * np.sin(12 * seen.timestamps)[:, None, None] * (1, 1, 0)    # the right foot
    first, second = (Picture(LandmarkRays(points, np.ones((60, 33)), seen.timestamps, seen.body), np.eye(4)[None])
                     for points in (rays, going))
    (_, (alone,)), (_, (same,)), (_, (other,)) = (place_people([replace(captured(seen), pictures=pictures)], shot_of(60))
                                                  for pictures in ((first,), (first, first), (first, second)))
    np.testing.assert_array_equal(same.in_world.contacts, alone.in_world.contacts)
    one, both = alone.in_world.contacts, other.in_world.contacts
    stands = one > 0.7
    assert one[:, 2:][stands[:, 2:]].mean() > 0.8 and both[:, 2:][stands[:, 2:]].mean() < 0.65
    assert np.abs(both - one)[:, :2].mean() < 0.05


def shot_of(frame_count):
    clock = Clock(np.arange(frame_count), np.arange(frame_count) / 30, 30.0)
    return SimpleNamespace(clock=clock, intrinsics=INTRINSICS)


def lines(pitch):
    return Vertical(down_in_camera(np.radians(pitch), np.zeros(())), np.radians((0.5, 0.5)))


def way(path):
    return path - path[0]


@pytest.mark.parametrize("pitch", [0, 15])
def test_a_walker_stands_on_the_floor_of_a_still_camera_and_walks_the_true_way(pitch):
    true = walker(120, start=(0.0, 4.0), velocity=(0.3, 0.5))
    world_camera, (person,) = place_people([captured(seen_from(true, pitch))], shot_of(120), vertical=lines(pitch))
    assert world_camera.world_from_cam.shape == (1, 4, 4) and np.degrees(world_camera.pitch) == pytest.approx(pitch, abs=1.5)
    moved = person.in_world
    np.testing.assert_allclose(way(moved.transl), way(true.transl), atol=0.12)
    assert np.degrees(angle_between(moved.rotmats[:, 0], true.rotmats[:, 0])).max() < 2
    assert np.abs(np.median(find_soles(moved.pose()[1], 1.7, DOWN)[..., 2].min(1))) < 0.03
    assert moved.contacts.shape == (120, 4) and moved.contacts.max() > 0.5
    # Before the camera the person stands where the world says.
    seen = moved.pose()[1] - world_camera.world_from_cam[0, :3, 3]
    np.testing.assert_allclose(person.person.motion.pose()[1], seen @ world_camera.world_from_cam[0, :3, :3], atol=1e-9)


@pytest.mark.parametrize("pixels", [0.0, 2.0])
@pytest.mark.parametrize("height", [0.5, 3.0])
def test_who_stands_on_a_wall_and_then_on_the_floor_has_planted_feet_on_both(height, pixels):
    """Two seconds on the wall, half a second of fall, two on the floor; landmarks tremble by some pixels."""
    true = walker(135, velocity=(0.0, 0.8))
    raised = replace(true, transl=true.transl + np.interp(np.arange(135), (60, 75), (height, 0.0))[:, None] * (0, 0, 1))
    person = captured(seen_from(raised, 5))
    noise = pixels * np.random.default_rng(0).normal(size=person.track.xy.shape)
    person = replace(person, track=replace(person.track, xy=person.track.xy + noise))
    _, (placed,) = place_people([person], shot_of(135), vertical=lines(5))
    soles = find_soles(placed.in_world.pose()[1], 1.7, DOWN)[..., 2].min(1)
    assert np.abs(soles[:55] - height).max() < 0.04 and np.abs(soles[80:]).max() < 0.04
    stands = placed.in_world.contacts.max(1) > 0.5
    assert stands[:55].mean() > 0.5 and stands[80:].mean() > 0.5 and stands[62:73].mean() == 0.0


def before_a_camera_that_goes(true, turns, places):
    """Return a walker in the axes of cameras with turns (T, 3, 3) at places (T, 3), both in a level first camera's axes."""
    first = world_from_camera(0, 1.4)
    axes = np.swapaxes(first[:3, :3] @ turns, 1, 2)
    where = first[:3, 3] + places @ first[:3, :3].T
    rotmats = true.rotmats.copy()
    rotmats[:, 0] = axes @ rotmats[:, 0]
    root = true.body.rest_joints[0]
    return Walker(rotmats, np.einsum("tij,tj->ti", axes, true.transl + root - where) - root, true.timestamps, true.body)


@pytest.mark.parametrize("unit", [0.5, 1.6])
def test_a_moving_cameras_path_is_brought_to_metres_and_the_walker_walks_the_true_way(unit):
    """The camera's path is in an unknown unit; the standing feet give that unit."""
    count = 150
    true = walker(count, start=(0.0, 4.0), velocity=(0.0, 1.5))      # as fast as the legs swing
    times = np.arange(count) / 30
    turns = Rotation.from_rotvec(times[:, None] * (0, 0.06, 0)).as_matrix()
    places = times[:, None] * (0.25, 0.0, 1.3)                  # follows the walker, to the right too
    camera = CameraTrack(turns, places / unit, np.zeros((0, 3)))
    people = [captured(before_a_camera_that_goes(true, turns, places))]
    world_camera, (person,) = place_people(people, shot_of(count), camera, lines(0))
    went = world_camera.world_from_cam[:, :3, 3]
    assert world_camera.world_from_cam.shape == (count, 4, 4)
    assert np.linalg.norm(went[-1] - went[0]) == pytest.approx(np.linalg.norm(places[-1]), rel=0.15)
    assert (went[-1] - went[0])[1] > 0.9 * np.linalg.norm(went[-1] - went[0])
    np.testing.assert_allclose(way(person.in_world.transl)[:, :2], way(true.transl)[:, :2], atol=0.6)
    assert person.in_world.transl[-1, 1] - person.in_world.transl[0, 1] == pytest.approx(1.5 * times[-1], rel=0.12)


def test_a_stage_is_seen_from_each_frames_camera_or_from_the_one_that_stood_still():
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, 0, 3] = np.arange(5)
    assert WorldCamera(poses, 0.0, 0.0).poses_at(np.array((1, 3)))[:, 0, 3].tolist() == [1, 3]
    assert WorldCamera(poses[:1], 0.0, 0.0).poses_at(np.array((1, 3))).shape == (2, 4, 4)
