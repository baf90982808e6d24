
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.rotations import fit_rotmats, limit_angles, make_axes, rotmats_about, shortest_rotmats, split_swing_and_twist
from backend.body.analytic_solve import remove_hyperextension, solve_rotations
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
