"""Single joints of somebody who holds one pose: how far they turn, what of it is believed, and where it ends."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.rotations import split_swing_and_twist
from backend.body import analytic_solve
from backend.body.analytic_solve import smooth_unseen_joints, solve_rotations
from backend.people.landmarks import LANDMARK
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.angles import angle_between
from tests.backend.made_people import lifted_track, random_poses


def held(**turns):
    """Return a person in one pose for a second, facing the camera; joints are turned by rotation vectors in degrees."""
    rotmats = np.tile(np.eye(3), (30, 24, 1, 1))
    rotmats[:, 0] = Rotation.from_euler("x", 180, degrees=True).as_matrix()
    for joint, degrees in turns.items():
        rotmats[:, JOINT[joint]] = Rotation.from_rotvec(degrees, degrees=True).as_matrix()
    person = random_poses(1)
    return replace(person, rotmats=rotmats, transl=person.transl.repeat(30, 0), timestamps=np.arange(30) / 30)


def solved_degrees(person, *joints):
    """Return the solved rotation vectors in degrees of joints in the middle of the clip."""
    solved = solve_rotations(lifted_track(person))[15]
    return [Rotation.from_matrix(solved[JOINT[joint]]).as_rotvec(degrees=True) for joint in joints]


@pytest.mark.parametrize("degrees", [25, -30])
def test_an_ankle_bends_as_it_was_seen_to(degrees):
    (ankle,) = solved_degrees(held(left_ankle=(degrees, 0, 0), left_knee=(20, 0, 0)), "left_ankle")
    assert ankle[0] == pytest.approx(degrees, abs=2) and abs(ankle[1]) < 9 and abs(ankle[2]) < 3


@pytest.mark.parametrize("side", ["left", "right"])
def test_half_of_a_hands_bend_is_believed(side):
    elbow = {f"{side}_elbow": (0, -40 if side == "left" else 40, 0)}
    (wrist,) = solved_degrees(held(**elbow, **{f"{side}_wrist": (0, 0, 50)}), f"{side}_wrist")
    assert wrist[2] == pytest.approx(25, abs=4) and np.abs(wrist[:2]).max() < 12


@pytest.mark.parametrize(("side", "degrees"), [("left", 60), ("right", -60), ("left", -60)])
def test_seven_tenths_of_a_hands_twist_are_believed_and_the_forearm_takes_half_of_it(side, degrees):
    bent = (0, -40 if side == "left" else 40, 0)
    person = held(**{f"{side}_elbow": bent, f"{side}_wrist": (degrees, 0, 0)})
    untwisted = held(**{f"{side}_elbow": bent})
    for joint in (f"{side}_elbow", f"{side}_wrist"):
        turned, plain = (solve_rotations(lifted_track(one))[15, JOINT[joint]] for one in (person, untwisted))
        twist = Rotation.from_matrix(plain.T @ turned).as_rotvec(degrees=True)
        np.testing.assert_allclose(twist, (0.7 * degrees / 2, 0, 0), atol=3.0)


def test_a_turned_head_is_shared_with_the_neck():
    neck, head = solved_degrees(held(neck=(0, 25, 0), head=(0, 25, 0)), "neck", "head")
    np.testing.assert_allclose(neck, head, atol=1e-6)
    assert 40 < neck[1] + head[1] < 51 and np.abs(neck[[0, 2]]).max() < 2


def test_a_head_turns_by_80_degrees_at_most():
    neck, head = solved_degrees(held(neck=(0, 60, 0), head=(0, 60, 0)), "neck", "head")
    assert neck[1] + head[1] == pytest.approx(80, abs=1)


def test_joints_that_are_not_seen_turn_slowly_and_those_that_are_stay():
    person = held()
    trembling = person.rotmats @ Rotation.from_rotvec(
        np.radians(20) * np.random.default_rng(0).normal(size=(30 * 24, 3))).as_matrix().reshape(30, 24, 3, 3)
    lifted = lifted_track(person)
    arm = [LANDMARK[f"left_{name}"] for name in ("wrist", "pinky", "index", "thumb")]
    lifted.weights[10:20, arm] = 0.0
    calmed = smooth_unseen_joints(trembling, lifted)
    hidden, seen = JOINT["left_wrist"], JOINT["right_wrist"]
    np.testing.assert_allclose(calmed[:, seen], trembling[:, seen], atol=1e-9)
    steps = [angle_between(rotmats[12:17, hidden], rotmats[13:18, hidden]).mean() for rotmats in (calmed, trembling)]
    assert steps[0] < 0.2 * steps[1]
    np.testing.assert_allclose(calmed[:5, hidden], trembling[:5, hidden], atol=0.05)


def about(direction, degrees):
    return degrees * direction / np.linalg.norm(direction)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("limb", "bent", "degrees", "found"), [
    ("hip", "knee", 40, 40), ("hip", "knee", -40, -40), ("hip", "knee", 68, 60), ("hip", "knee", -68, -60),
    ("hip", "knee", 95, 0),
    ("shoulder", "elbow", 70, 70), ("shoulder", "elbow", -70, -70), ("shoulder", "elbow", 115, 100),
    ("shoulder", "elbow", 150, 0),
])
def test_a_bent_limb_gives_its_twist_up_to_its_limit_and_an_error_gives_none(side, limb, bent, degrees, found):
    """The limits are 60 and 100 degrees; twists beyond 1.3 times these limits do not count."""
    rest = random_poses(1).body.rest_joints
    bone = rest[JOINT[f"{side}_{bent}"]] - rest[JOINT[f"{side}_{limb}"]]
    mirror = np.array((1, 1, 1) if side == "left" else (1, -1, -1))
    flexion = 80 * (np.array((1.0, 0, 0)) if bent == "knee" else np.array((0.0, -0.87, 0.49)) * mirror)
    person = held(**{f"{side}_{limb}": about(bone, degrees), f"{side}_{bent}": flexion})
    solved = solve_rotations(lifted_track(person))[15:16, JOINT[f"{side}_{limb}"]]
    _, twist = split_swing_and_twist(solved, bone)
    assert np.degrees(twist[0]) == pytest.approx(found, abs=4)


def test_a_straight_limb_has_no_twist():
    for joint, degrees in (("left_hip", (0, 40, 0)), ("left_shoulder", (50, 0, 0))):
        (turn,) = solved_degrees(held(**{joint: degrees}), joint)
        assert np.abs(turn).max() < 8


@pytest.mark.parametrize(("degrees", "found"), [(100, 50), (150, 60)])
def test_a_hand_bends_by_60_degrees_at_most(degrees, found):
    (wrist,) = solved_degrees(held(left_elbow=(0, -40, 0), left_wrist=(0, 0, degrees)), "left_wrist")
    assert np.linalg.norm(wrist) == pytest.approx(found, abs=6)


def test_a_joint_counts_as_seen_by_the_best_seen_landmark_on_it_or_on_its_children():
    lifted = lifted_track(held())
    lifted.weights[:] = 0.0
    lifted.weights[:, LANDMARK["left_knee"]] = 0.3
    lifted.weights[:, LANDMARK["left_heel"]] = 0.6
    found = analytic_solve._compute_joint_weights(lifted)[0]
    assert {name: found[JOINT[name]] for name in ("left_hip", "left_knee", "left_ankle", "right_knee", "right_hip")} == {
        "left_hip": 0.3, "left_knee": 0.6, "left_ankle": 0.6, "right_knee": 0.0, "right_hip": 0.0}
    assert found[JOINT["spine2"]] == 1.0            # no landmark lies on it or on the next of the spine


@pytest.mark.parametrize("weight", [1.0, 0.3, 0.05])
def test_the_less_a_face_is_seen_the_less_the_head_is_turned(weight):
    """A turn of 50 degrees, against the prior of a tenth that it is not turned."""
    lifted = lifted_track(held(head=(0, 50, 0)))
    lifted.weights[:, :LANDMARK["mouth_right"] + 1] = weight
    solved = solve_rotations(lifted)[15]
    turned = Rotation.from_matrix(solved[JOINT["neck"]] @ solved[JOINT["head"]]).as_rotvec(degrees=True)
    told = np.arctan2(weight * np.sin(np.radians(50)), weight * np.cos(np.radians(50)) + 0.1)
    np.testing.assert_allclose(turned, (0, np.degrees(told), 0), atol=0.5)


@pytest.mark.parametrize(("joint", "turn", "degrees", "seconds", "share"), [
    ("head", (0, 30, 0), 30, 0.12, 1.0), ("left_hip", None, 40, 0.15, 1.0), ("left_wrist", (0, 0, 40), 40, 0.2, 0.5)])
def test_a_turn_that_is_read_in_one_frame_alone_is_smoothed_away(joint, turn, degrees, seconds, share):
    """Gaussian windows of so many seconds: of 30 frames a second one has so much of the weight."""
    rest = random_poses(1).body.rest_joints
    bone = rest[JOINT["left_knee"]] - rest[JOINT["left_hip"]]
    usual = {"left_knee": (80, 0, 0), "left_elbow": (0, -80, 0)}
    still, turned = held(**usual), held(**usual, **{joint: about(bone, degrees) if turn is None else turn})
    rotmats = still.rotmats.copy()
    rotmats[15] = turned.rotmats[15]
    solved = solve_rotations(lifted_track(replace(still, rotmats=rotmats)))[15]
    plain = solve_rotations(lifted_track(still))[15]
    joints = ("neck", "head") if joint == "head" else (joint,)
    left = sum(np.degrees(Rotation.from_matrix(plain[JOINT[name]].T @ solved[JOINT[name]]).magnitude()) for name in joints)
    assert left == pytest.approx(share * degrees / (seconds * 30 * np.sqrt(2 * np.pi)), rel=0.25)
