import numpy as np
import pytest

from backend.contacts import find_contacts
from backend.kinematics import solve_rotations
from backend.root import CameraMotion, place_in_camera
from backend.world import find_world, soles, to_world
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics
from tests.backend.angles import angle_between
from tests.backend.people import lifted_track, random_poses, seen_from, walker

PITCHES = (0, 10, 20)
DOWN = np.array((0.0, 0.0, -1.0))


def in_world(person, world):
    """Return the motion of a person, seen by a camera, in the world that was found."""
    rotmats, trans = to_world(person.motion, world)
    return CameraMotion(rotmats, trans, person.body.rest_joints, person.body.stature, person.timestamps)


@pytest.mark.parametrize("pitch", PITCHES)
def test_the_cameras_pitch_is_found_from_one_walker(pitch):
    world = find_world([seen_from(walker(150), pitch).motion])
    assert abs(np.degrees(world.pitch) - pitch) < 4.5


@pytest.mark.parametrize("pitch", PITCHES)
def test_feet_stand_on_the_floor(pitch):
    person = seen_from(walker(150), pitch)
    motion = in_world(person, find_world([person.motion]))
    lowest = soles(motion, DOWN)[..., 2].min(1)
    assert abs(np.median(lowest)) < 0.06 and np.abs(lowest).max() < 0.2


@pytest.mark.parametrize("pitch", PITCHES)
def test_a_walker_is_upright_and_walks_where_the_walker_walked(pitch):
    true = walker(150)
    person = seen_from(true, pitch)
    motion = in_world(person, find_world([person.motion]))
    assert np.degrees(angle_between(motion.rotmats[:, 0], true.rotmats[:, 0])).max() < 4.5
    moved, walked = (path[-1] - path[0] for path in (motion.transl, true.transl))
    np.testing.assert_allclose(moved, walked, atol=0.3)


def test_people_near_and_far_share_one_floor():
    people = [seen_from(walker(90, start=start, velocity=(0.3, 0)), 15) for start in ((-1, 3), (1, 7))]
    world = find_world([person.motion for person in people])
    assert abs(np.degrees(world.pitch) - 15) < 3.0
    for person in people:
        assert abs(np.median(soles(in_world(person, world), DOWN)[..., 2].min(1))) < 0.12


def test_world_from_cam_is_a_rigid_map_with_the_camera_above_the_floor():
    world = find_world([seen_from(walker(150), 10, height=1.6).motion])
    rotation = world.world_from_cam[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_array_equal(world.world_from_cam[3], (0, 0, 0, 1))
    assert abs(world.world_from_cam[2, 3] - 1.6) < 0.25
    np.testing.assert_allclose(rotation @ (1, 0, 0), (1, 0, 0), atol=1e-12)      # the picture's right stays level


def test_moving_a_motion_to_the_world_keeps_every_joint():
    person = seen_from(walker(30), 10)
    world = find_world([person.motion])
    rotmats, trans = to_world(person.motion, world)
    _, joints = person.motion.pose()
    _, moved = forward_kinematics(rotmats, person.body.rest_joints, trans)
    np.testing.assert_allclose(moved, joints @ world.world_from_cam[:3, :3].T + world.world_from_cam[:3, 3], atol=1e-9)


def test_a_body_stands_before_the_camera_where_it_stood():
    person = random_poses(100)
    motion = place_in_camera(lifted_track(person), solve_rotations(lifted_track(person)))
    errors = np.linalg.norm(motion.transl - person.transl, axis=1)
    assert np.median(errors) < 0.03 and errors.max() < 0.2


def test_a_still_foot_on_the_floor_is_in_contact_and_a_swinging_one_is_not():
    times = np.arange(60) / 30
    feet = np.zeros((60, 4, 3))
    feet[30:, 2:, 2] = 0.15
    feet[30:, 2:, 1] = 2.0 * (times[30:, None] - 1)
    contacts = find_contacts(feet, times)
    assert contacts[:, :2].min() > 0.95
    assert contacts[:25, 2:].min() > 0.95 and contacts[36:, 2:].max() < 0.1


def test_a_walkers_feet_take_turns():
    person = walker(90)
    contacts = find_contacts(soles(person.motion, DOWN), person.timestamps)
    assert contacts.shape == (90, 4) and contacts.min() >= 0 and contacts.max() <= 1
    left, right = contacts[:, :2].max(1), contacts[:, 2:].max(1)
    assert np.corrcoef(left, right)[0, 1] < 0


def test_two_frames_tell_no_contact():
    assert find_contacts(np.zeros((2, 4, 3)), np.array((0.0, 0.1))).tolist() == [[0.0] * 4] * 2
