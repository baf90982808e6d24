"""Which parts of a body stand on the floor, before a level camera (y down) and in the world."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.world.soles import find_contact_points, find_lowest_points, find_other_undersides, find_soles, find_upright_frames
from mpsnet_blender.motion.base.soles import usual_ankle_height
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import seen_from, walker

UP, DOWN = np.array((0.0, 0.0, 1.0)), np.array((0.0, 0.0, -1.0))


def turned(person, degrees, axis="z"):
    """Return a person before the camera whose body is turned about the camera's axis."""
    turn = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = turn @ rotmats[:, 0]
    return replace(person, rotmats=rotmats)


def test_heels_lie_under_the_ankles_and_toes_under_the_feet_left_before_right():
    person = walker(5)
    points = find_soles(person.joints, 1.7, DOWN)
    heel, toes = usual_ankle_height(1.7), usual_ankle_height(1.7) - 0.033 * 1.7
    drops = (("left_ankle", heel), ("left_foot", toes), ("right_ankle", heel), ("right_foot", toes))
    for column, (joint, drop) in enumerate(drops):
        np.testing.assert_allclose(points[:, column], person.joints[:, JOINT[joint]] - drop * UP, atol=1e-12)


def test_parts_that_may_lie_on_the_floor_have_their_flesh_below_the_joint():
    person = walker(3)
    points = find_other_undersides(person.joints, 2.0, DOWN)
    assert points.shape == (3, 9, 3)
    shares = {"left_knee": 0.035, "right_knee": 0.035, "left_wrist": 0.02, "right_wrist": 0.02, "left_elbow": 0.025,
              "right_elbow": 0.025, "pelvis": 0.065, "spine3": 0.065, "head": 0.06}
    for column, (joint, share) in enumerate(shares.items()):
        np.testing.assert_allclose(points[:, column], person.joints[:, JOINT[joint]] - 2.0 * share * UP, atol=1e-12)


@pytest.mark.parametrize(("degrees", "stands"), [(0, True), (40, True), (50, False), (90, False), (180, False)])
def test_a_person_who_is_upright_within_45_degrees_stands(degrees, stands):
    up, found = find_upright_frames(turned(seen_from(walker(4)), degrees).joints, 1.7)
    assert (found == stands).all()
    assert np.degrees(np.arccos(-up[:, 1] / np.linalg.norm(up, axis=1))) == pytest.approx(degrees, abs=9)


def test_a_person_who_squats_or_sits_does_not_stand():
    person = seen_from(walker(4))
    rotmats = person.rotmats.copy()
    for side in ("left", "right"):
        rotmats[:, JOINT[f"{side}_hip"]] = Rotation.from_euler("x", -110, degrees=True).as_matrix()
        rotmats[:, JOINT[f"{side}_knee"]] = Rotation.from_euler("x", 130, degrees=True).as_matrix()
    assert not find_upright_frames(replace(person, rotmats=rotmats).joints, 1.7)[1].any()


def test_the_lowest_points_of_a_walker_are_soles_two_a_second():
    person = seen_from(walker(90))          # 3 s
    person = replace(person, transl=person.transl + 0.02 * np.arange(90)[:, None] * np.array((0, 1.0, 0)))      # downhill
    points = find_lowest_points(person.motion)
    feet = find_soles(person.joints, 1.7, np.array((0.0, 1.0, 0.0)))
    assert points.shape == (6, 3)
    for number, point in enumerate(points):
        moment = feet[15 * number:15 * number + 15]
        frame, sole = np.argwhere(np.abs(moment - point).max(-1) < 1e-9)[0]
        assert moment[frame, sole, 1] == moment[frame, :, 1].max()
        # Not the very lowest of its moment, which may be a slip of the pose: four fifths are higher.
        assert (moment[:, :, 1].max(1) <= point[1] + 1e-9).sum() == 12


def test_the_lowest_points_of_a_lying_person_are_parts_of_the_trunk():
    person = turned(seen_from(walker(30)), 90)
    points = find_lowest_points(person.motion)
    parts = (find_soles, find_other_undersides)
    everything = np.concatenate([part(person.joints, 1.7, np.array((0.0, 1.0, 0.0))) for part in parts], axis=1)
    lowest = everything[..., 1].max(1)
    assert len(points) == 2 and points[0, 1] >= np.sort(lowest[:15])[10]


def test_standing_points_are_the_surest_of_each_half_second_and_no_doubtful_ones():
    person = seen_from(walker(45))
    contacts = np.zeros((45, 4))
    contacts[7, 3], contacts[8, 0] = 0.95, 0.7          # right toes, surer than the left heel
    contacts[20, 1] = 0.59                              # in doubt
    contacts[44, 2] = 0.61
    feet = find_soles(person.joints, 1.7, np.array((0.0, 1.0, 0.0)))
    np.testing.assert_allclose(find_contact_points(person.motion, contacts), [feet[7, 3], feet[44, 2]])


def test_no_more_than_six_hundred_points_are_taken_and_they_span_the_clip():
    person = seen_from(walker(2))
    many = 1300
    motion = person.motion.at(np.zeros(many, int))
    motion = replace(motion, timestamps=0.5 * np.arange(many), transl=np.arange(many)[:, None] * np.array((1.0, 0, 0)))
    points = find_lowest_points(motion)
    assert len(points) == 600 and points[-1, 0] - points[0, 0] == pytest.approx(many - 1)
