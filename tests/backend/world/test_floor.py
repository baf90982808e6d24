from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.body.analytic_solve import solve_rotations
from backend.body.camera_placement import fit_in_camera
from backend.camera.vertical_lines import Vertical, down_in_camera
from backend.world.floor import find_world
from backend.world.soles import find_contact_points, find_lowest_points, find_soles
from tests.backend.angles import angle_between
from tests.backend.made_people import lifted_track, lower_foot, random_poses, seen_from, walker

PITCHES = (0, 10, 20)
DOWN = np.array((0.0, 0.0, -1.0))


def in_world(person, world):
    """Return a person, seen by a camera, in the world that was found."""
    rotmats, transl = person.motion.pose_in(world.world_from_cam)
    return replace(person, rotmats=rotmats, transl=transl)


def sole_heights(person):
    """Return the heights (T, 4) of a person's soles in the world."""
    return find_soles(person.joints, person.body.stature, DOWN)[..., 2]


@pytest.mark.parametrize("pitch", PITCHES)
def test_the_cameras_pitch_is_found_from_one_walker(pitch):
    world = find_world([seen_from(walker(150), pitch).motion])
    assert abs(np.degrees(world.pitch) - pitch) < 4.5


@pytest.mark.parametrize("pitch", PITCHES)
def test_feet_stand_on_the_floor(pitch):
    person = seen_from(walker(150), pitch)
    lowest = sole_heights(in_world(person, find_world([person.motion]))).min(1)
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
        assert abs(np.median(sole_heights(in_world(person, world)).min(1))) < 0.12


def test_world_from_cam_is_a_rigid_map_with_the_camera_above_the_floor():
    world = find_world([seen_from(walker(150), 10, height=1.6).motion])
    rotation = world.world_from_cam[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_array_equal(world.world_from_cam[3], (0, 0, 0, 1))
    assert abs(world.world_from_cam[2, 3] - 1.6) < 0.25
    np.testing.assert_allclose(rotation @ (1, 0, 0), (1, 0, 0), atol=0.02)      # the picture's right stays about level


@pytest.mark.parametrize(("pitch", "roll", "ahead", "right"), [
    (0, 15, (0, 1, 0), (0.966, 0, -0.259)),                         # the camera's right side is held too low
    (10, 15, (0, 0.985, -0.174), (0.966, -0.045, -0.255)),          # it looks down as well
    (10, -15, (0, 0.985, -0.174), (0.966, 0.045, 0.255)),
    (-10, 0, (0, 0.985, 0.174), (1, 0, 0)),
])
def test_a_camera_held_askew_points_in_the_world_where_it_was_held(pitch, roll, ahead, right):
    down = down_in_camera(np.radians(pitch), np.radians(float(roll)))
    lines = Vertical(down, np.radians((0.3, 0.3)))
    rotation = find_world([rolled(seen_from(walker(60), pitch), roll).motion], lines).world_from_cam[:3, :3]
    np.testing.assert_allclose(rotation[:, 2], ahead, atol=0.01)
    np.testing.assert_allclose(rotation[:, 0], right, atol=0.01)
    np.testing.assert_allclose(rotation @ down, (0, 0, -1), atol=0.01)


def test_a_walker_seen_by_a_camera_held_askew_stands_upright_over_the_origin():
    true = walker(150)
    person = rolled(seen_from(true, 10), 12)
    lines = Vertical(down_in_camera(np.radians(10), np.radians(12.0)), np.radians((0.1, 0.1)))
    motion = in_world(person, find_world([person.motion], lines))
    assert np.degrees(angle_between(motion.rotmats[:, 0], true.rotmats[:, 0])).max() < 0.5
    root = motion.joints[:, 0]
    np.testing.assert_allclose(root[0, :2], (0, 0), atol=1e-9)
    np.testing.assert_allclose(root[-1] - root[0], true.transl[-1] - true.transl[0], atol=0.06)


def test_a_body_stands_before_the_camera_where_it_stood():
    person = random_poses(100)
    motion = fit_in_camera(lifted_track(person), solve_rotations(lifted_track(person)))
    errors = np.linalg.norm(motion.transl - person.transl, axis=1)
    assert np.median(errors) < 0.03 and errors.max() < 0.2


@pytest.mark.parametrize("roll", (-8, 0, 6))
def test_a_tilted_camera_is_found_from_people_who_stand_upright(roll):
    people = [rolled(seen_from(walker(150, start=start, velocity=(0.5, 0.3)), 8), roll) for start in ((-1, 3), (1, 6))]
    world = find_world([person.motion for person in people])
    assert abs(np.degrees(world.roll) - roll) < 3 and abs(np.degrees(world.pitch) - 8) < 4


@pytest.mark.parametrize("pitch", (-8, 12, 38))
def test_upright_lines_settle_pitch_and_roll(pitch):
    person = rolled(seen_from(walker(150), pitch, height=1.4 + 0.08 * max(pitch, 0)), 4)
    lines = Vertical(down_in_camera(np.radians(pitch), np.radians(4.0)), np.radians((0.7, 0.7)))
    world = find_world([person.motion], lines)
    assert abs(np.degrees(world.pitch) - pitch) < 0.8 and abs(np.degrees(world.roll) - 4) < 0.5


@pytest.mark.parametrize("places", [(0,), (-1, 0, 1)])
def test_lines_that_lean_lose_against_people_who_stand(places):
    people = [seen_from(walker(240, start=(x, 3.0), velocity=(0, 0.7)), 5).motion for x in places]
    lines = Vertical(down_in_camera(np.radians(-25.0), np.radians(15.0)), np.radians((0.7, 0.7)))
    assert abs(np.degrees(find_world(people, lines).pitch) - 5) < 4.5


def test_a_climbing_person_does_not_move_the_floor():
    true = walker(240)
    contacts = np.repeat(lower_foot(true), 2, axis=1).astype(float)
    stairs = np.repeat((0.0, 0.35, 0.62), (90, 60, 90))[:, None] * (0, 0, 1)
    person = seen_from(replace(true, transl=true.transl + stairs), 0, height=1.4)
    lines = Vertical(down_in_camera(0.0, np.zeros(1))[0], np.radians((0.7, 0.7)))
    assert find_world([person.motion], lines, [contacts]).world_from_cam[2, 3] == pytest.approx(1.4, abs=0.08)


def people_on_levels(statures, levels, pitch=6):
    """Return walkers on floors at some heights, as an engine solves them: 1.7 m tall, whatever their statures."""
    people = []
    for number, (stature, level) in enumerate(zip(statures, levels, strict=True)):
        person = walker(150, start=(number - 1.0, 4.0 + number), velocity=(0.5, 0.1), stature=stature)
        raised = replace(person, transl=person.transl + (0, 0, level))
        people.append(seen_from(raised, pitch, height=1.5).motion.scaled(1.7 / stature))
    return people


def lines_at(pitch):
    return Vertical(down_in_camera(np.array(np.radians(pitch)), np.array(0.0)), np.radians((1.5, 1.5)))


@pytest.mark.parametrize(("level", "tolerance"), [(0.6, 0.12), (1.2, 0.1), (-0.9, 0.25)])
def test_whoever_stands_on_another_level_is_no_giant_and_does_not_tilt_the_world(level, tolerance):
    world = find_world(people_on_levels((1.7, 1.7, 1.7), (0, level, level)), lines_at(6), votes=np.array((1.0, 0.5, 0.5)))
    assert abs(np.degrees(world.pitch) - 6) < 1
    np.testing.assert_allclose(world.world_from_cam[2, 3], 1.5, atol=0.08)
    if level > 0:
        np.testing.assert_allclose(world.levels, (0, level, level), atol=tolerance)
        np.testing.assert_array_equal(world.stature_factors[1:], 1.0)


@pytest.mark.parametrize("votes", [(1.0, 1.0), (1.0, 0.6)])
def test_a_child_beside_an_adult_is_small_and_stands_on_the_same_floor(votes):
    world = find_world(people_on_levels((1.7, 1.1), (0, 0)), lines_at(6), votes=np.array(votes))
    np.testing.assert_array_equal(world.levels, 0.0)
    np.testing.assert_allclose(1.7 * world.stature_factors, (1.7, 1.1), atol=0.06)


def test_a_tall_and_a_short_person_differ_by_what_the_floor_says():
    world = find_world(people_on_levels((1.82, 1.6), (0, 0)), lines_at(6))
    np.testing.assert_array_equal(world.levels, 0.0)
    np.testing.assert_allclose(world.stature_factors[0] / world.stature_factors[1], 1.82 / 1.6, atol=0.03)


def test_a_person_in_a_handstand_stands_on_the_hands():
    person = seen_from(walker(60), 0)
    turned = person.motion.rotmats.copy()
    turned[:, 0] = np.diag((1.0, -1.0, -1.0)) @ turned[:, 0]
    upside_down = replace(person.motion, rotmats=turned)
    _, joints = upside_down.pose()
    lowest = find_lowest_points(upside_down)
    assert lowest[:, 1].min() > joints[..., 1].max(1).min()             # y points down: below every joint


def test_only_feet_in_contact_are_standing_points():
    motion = seen_from(walker(60), 0).motion
    contacts = np.zeros((60, 4))
    contacts[30:, 2] = 0.9
    points = find_contact_points(motion, contacts)
    assert len(points) == 2
    np.testing.assert_allclose(points[0], find_soles(motion.pose()[1], motion.stature, np.array((0.0, 1.0, 0.0)))[30, 2])


def rolled(person, degrees):
    """Return the walker before a camera whose picture is turned, so that its right side is too low for positive degrees."""
    turn = Rotation.from_euler("z", -degrees, degrees=True).as_matrix()
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = turn @ rotmats[:, 0]
    root = person.body.rest_joints[0]
    return replace(person, rotmats=rotmats, transl=(person.transl + root) @ turn.T - root)
