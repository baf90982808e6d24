from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.rotations import fit_rotmats, limit_angles, make_axes, rotmats_about, shortest_rotmats, split_swing_and_twist
from backend.body import analytic_solve
from backend.body.analytic_solve import remove_hyperextension, smooth_unseen_joints, solve_rotations
from backend.people.landmarks import LANDMARK
from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics
from tests.backend.angles import angle_between
from tests.backend.made_people import lifted_track, random_poses, seen_from, walker

LIMBS = tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")))
GENERATOR = np.random.default_rng(8)


def angles(a, b):
    """Return the angles in degrees between vectors (..., 3)."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(-1)))


def limb_angles(person, solved):
    """Return the angle in degrees of each limb (T, 8) between the truth and the solved rotations."""
    _, true = person.motion.pose()
    _, ours = forward_kinematics(solved, person.body.rest_joints, person.transl)
    first, second = np.array([(JOINT[a], JOINT[b]) for a, b in LIMBS]).T
    return angles(true[:, second] - true[:, first], ours[:, second] - ours[:, first])


@pytest.fixture(scope="module")
def poses():
    person = random_poses(300)
    return person, solve_rotations(lifted_track(person))


def test_limbs_of_random_poses_point_where_they_pointed(poses):
    errors = limb_angles(*poses)
    assert errors.mean() < 1.0 and errors.max() < 3.0


def test_a_walkers_limbs_and_trunk_come_back():
    person = seen_from(walker(), pitch_degrees=5)
    solved = solve_rotations(lifted_track(person))
    assert limb_angles(person, solved).max() < 2.0
    assert np.degrees(angle_between(solved[:, 0], person.rotmats[:, 0])).max() < 1.0
    for joint in ("spine2", "neck", "head"):
        assert np.degrees(angle_between(solved[:, JOINT[joint]], person.rotmats[:, JOINT[joint]])).max() < 1.0


def test_the_pelvis_faces_where_it_faced(poses):
    person, solved = poses
    assert np.degrees(angle_between(solved[:, 0], person.rotmats[:, 0])).mean() < 2.5


def test_all_rotations_are_proper(poses):
    _, solved = poses
    np.testing.assert_allclose(solved @ np.swapaxes(solved, -1, -2), np.broadcast_to(np.eye(3), solved.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(solved), 1.0, atol=1e-9)


def test_knees_and_elbows_of_a_walker_bend_about_their_hinges():
    person = seen_from(walker())
    solved = solve_rotations(lifted_track(person))
    for side in ("left", "right"):
        for joint, limit in (("knee", 5), ("elbow", 20)):
            true, ours = (rotmats[:, JOINT[f"{side}_{joint}"]] for rotmats in (person.rotmats, solved))
            assert np.degrees(angle_between(true, ours)).max() < limit, (side, joint)


def test_knees_never_bend_forwards():
    person = random_poses(200, seed=4)
    for side in ("left", "right"):
        flexion = np.radians(np.linspace(-60, 60, 200))
        person.rotmats[:, JOINT[f"{side}_knee"]] = Rotation.from_euler("x", flexion[:, None]).as_matrix()
    solved = solve_rotations(lifted_track(person))
    for side in ("left", "right"):
        shin = solved[:, JOINT[f"{side}_knee"]] @ (0, -1.0, 0)
        assert shin[:, 2].max() < np.sin(np.radians(5))


def test_a_shin_that_bends_back_stays_and_one_that_bends_forwards_is_straightened():
    thigh, front = np.tile((0.0, -1.0, 0.0), (3, 1)), np.tile((0.0, 0.0, 1.0), (3, 1))
    shin = np.array(((0, -0.8, -0.6), (0, -0.8, 0.6), (0.6, -0.8, 0.0)))
    np.testing.assert_allclose(remove_hyperextension(shin, thigh, front), ((0, -0.8, -0.6), (0, -1, 0), (0.6, -0.8, 0)))


def test_hidden_hands_leave_the_wrists_at_rest():
    person = seen_from(walker())
    lifted = lifted_track(person)
    hands = [LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("pinky", "index", "thumb")]
    lifted.points[:, hands] += GENERATOR.normal(scale=0.1, size=(len(lifted.points), 6, 3))
    lifted.weights[:, hands] = 0.0
    solved = solve_rotations(lifted)
    turns = Rotation.from_matrix(solved[:, [JOINT["left_wrist"], JOINT["right_wrist"]]].reshape(-1, 3, 3)).magnitude()
    assert np.isfinite(solved).all() and np.degrees(turns).mean() < 35


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_track_of_few_frames_is_solved(count):
    person = random_poses(count)
    assert limb_angles(person, solve_rotations(lifted_track(person))).max() < 6.0


def test_swing_after_twist_is_the_rotation():
    rotations = Rotation.random(200, random_state=1)
    axis = np.array((0.3, -0.8, 0.5))
    bend, twist = split_swing_and_twist(rotations.as_matrix(), axis)
    again = Rotation.from_rotvec(bend).as_matrix() @ rotmats_about(axis, twist)
    np.testing.assert_allclose(again, rotations.as_matrix(), atol=1e-9)
    assert np.abs(bend @ (axis / np.linalg.norm(axis))).max() < 1e-6      # a swing does not turn about the axis


def test_a_pure_twist_has_no_swing_and_keeps_its_angle():
    axis, twist = np.array((0.0, 1.0, 0.0)), np.radians((-170.0, -90, 0, 45, 179))
    bend, found = split_swing_and_twist(rotmats_about(axis, twist), axis)
    np.testing.assert_allclose(found, twist, atol=1e-9)
    np.testing.assert_allclose(bend, 0, atol=1e-7)


def test_the_swing_takes_one_direction_to_another_the_shortest_way():
    start, ends = np.array((0.2, -1.0, 0.1)), GENERATOR.normal(size=(100, 3))
    turns = shortest_rotmats(start, ends)
    np.testing.assert_allclose(angles(turns @ start, ends), 0, atol=1e-5)
    np.testing.assert_allclose(np.degrees(Rotation.from_matrix(turns).magnitude()), angles(start, ends), atol=1e-6)


def test_the_swing_to_the_same_and_to_the_opposite_direction_is_finite():
    for start in np.eye(3):
        same, opposite = shortest_rotmats(start, np.array((start, -start)))
        np.testing.assert_allclose(same, np.eye(3), atol=1e-7)
        np.testing.assert_allclose(opposite @ start, -start, atol=1e-7)


def test_frames_are_orthonormal_and_right_handed():
    primary, secondary = GENERATOR.normal(size=(2, 50, 3))
    made = make_axes(primary, secondary)
    np.testing.assert_allclose(np.swapaxes(made, 1, 2) @ made, np.tile(np.eye(3), (50, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(made), 1.0)
    np.testing.assert_allclose(angles(made[:, :, 0], primary), 0, atol=1e-5)
    assert ((made[:, :, 1] * secondary).sum(1) > 0).all()


def test_rotation_vectors_are_limited_and_keep_their_axis():
    rotvecs = np.array(((0.0, 0, 3), (0, 0.5, 0), (0, 0, 0)))
    np.testing.assert_allclose(limit_angles(rotvecs, 1.0), ((0, 0, 1), (0, 0.5, 0), (0, 0, 0)))


def test_a_fitted_rotation_is_recovered_whatever_the_place_and_size():
    rest, turn = GENERATOR.normal(size=(11, 3)), Rotation.random(20, random_state=2).as_matrix()
    points = 1.4 * np.einsum("tij,kj->tki", turn, rest) + GENERATOR.normal(size=(20, 1, 3))
    np.testing.assert_allclose(fit_rotmats(rest, points, GENERATOR.uniform(0.2, 1, (20, 11))), turn, atol=1e-9)


def held(**turns):
    """Return somebody who keeps one pose for a second before the camera: joints turned by rotation vectors in degrees."""
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
def test_a_bent_limb_tells_its_twist_up_to_its_limit_and_a_misreading_none(side, limb, bent, degrees, found):
    """The limits are 60 and 100 degrees; what is seen beyond 1.3 times of them does not count."""
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
