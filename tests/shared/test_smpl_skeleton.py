import numpy as np
import pytest

from mpsnet_blender.shared.smpl_skeleton import (
    CROWN_ABOVE_HEAD,
    JOINT,
    JOINT_COUNT,
    JOINT_NAMES,
    PARENTS,
    SOLE_BELOW_ANKLE,
    forward_kinematics,
    generic_rest_joints,
    mirrored_name,
    rest_joints_from_offsets,
)

QUARTER_TURN_ABOUT_Z = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def identity_rotmats(frames=1):
    return np.tile(np.eye(3), (frames, JOINT_COUNT, 1, 1))


def test_every_joint_comes_after_its_parent():
    assert len(PARENTS) == JOINT_COUNT == 24
    assert PARENTS[0] == -1 and all(0 <= parent < joint for joint, parent in enumerate(PARENTS) if joint)
    assert JOINT_NAMES[PARENTS[JOINT["left_wrist"]]] == "left_elbow"
    assert JOINT_NAMES[PARENTS[JOINT["right_collar"]]] == "spine3"


def test_the_generic_body_is_symmetric_and_as_tall_as_asked():
    joints = generic_rest_joints(1.80)
    for name in JOINT_NAMES:
        mirrored = joints[JOINT[mirrored_name(name)]] * (-1, 1, 1)
        np.testing.assert_allclose(joints[JOINT[name]], mirrored, atol=1e-12)
    crown = joints[JOINT["head"], 1] + 1.80 * CROWN_ABOVE_HEAD
    sole = joints[JOINT["left_ankle"], 1] - 1.80 * SOLE_BELOW_ANKLE
    assert crown - sole == pytest.approx(1.80)
    assert joints[0].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(generic_rest_joints(), generic_rest_joints(1.70))


@pytest.mark.parametrize(("first", "second", "share"), [
    ("left_hip", "right_hip", 0.104), ("left_hip", "left_knee", 0.238), ("left_knee", "left_ankle", 0.246),
    ("left_shoulder", "left_elbow", 0.154), ("left_elbow", "left_wrist", 0.141), ("left_wrist", "left_hand", 0.049),
    ("left_shoulder", "right_shoulder", 0.204), ("neck", "head", 0.057), ("left_ankle", "left_foot", 0.080),
])
def test_the_generic_bodys_limbs_have_their_share_of_the_stature(first, second, share):
    joints = generic_rest_joints(2.0)
    assert np.linalg.norm(joints[JOINT[first]] - joints[JOINT[second]]) == pytest.approx(2.0 * share, abs=0.0025)


@pytest.mark.parametrize(("name", "share"), [("left_hip", 0.525), ("left_knee", 0.287), ("left_shoulder", 0.815),
                                             ("neck", 0.863), ("left_ankle", 0.041), ("left_foot", 0.008), ("pelvis", 0.572),
                                             ("spine1", 0.634), ("spine2", 0.708), ("spine3", 0.739), ("left_collar", 0.797)])
def test_the_generic_bodys_joints_are_as_high_over_the_sole_as_people_have_them(name, share):
    """Hips at 0.525 and shoulders at 0.815 of the stature are Drillis and Contini's."""
    joints = generic_rest_joints(1.0)
    assert joints[JOINT[name], 1] - joints[JOINT["left_ankle"], 1] + 0.041 == pytest.approx(share, abs=1e-9)


def test_the_generic_body_stands_upright_with_its_feet_under_its_hips_and_its_toes_ahead():
    joints = generic_rest_joints(1.0)
    side, ahead = joints[:, 0], joints[:, 2]
    assert side[JOINT["left_ankle"]] == pytest.approx(side[JOINT["left_hip"]])
    assert 0 < side[JOINT["left_knee"]] - side[JOINT["left_hip"]] < 0.01
    assert side[JOINT["left_foot"]] - side[JOINT["left_ankle"]] == pytest.approx(0.014)      # toes turn out a little
    assert ahead[JOINT["left_foot"]] - ahead[JOINT["left_ankle"]] == pytest.approx(0.071)
    assert -0.02 < ahead[JOINT["left_ankle"]] < ahead[JOINT["left_knee"]] < 0
    upper = [JOINT[name] for name in ("spine1", "spine2", "spine3", "left_shoulder", "left_wrist", "head")]
    assert np.abs(ahead[upper]).max() < 0.03
    assert ahead[JOINT["neck"]] < 0 < ahead[JOINT["head"]] - ahead[JOINT["neck"]]


def test_left_is_plus_x_and_the_toes_point_to_plus_z():
    joints = generic_rest_joints()
    assert joints[JOINT["left_wrist"], 0] > 0.3 > joints[JOINT["left_hip"], 0] > 0
    assert joints[JOINT["left_foot"], 2] > joints[JOINT["left_ankle"], 2]


def test_no_rotation_gives_the_rest_joints_moved_by_trans():
    rest = generic_rest_joints() + (0.1, 0.2, 0.3)
    rotmats, joints = forward_kinematics(identity_rotmats(2), rest, np.array([[0.0, 0, 0], [1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(joints[0], rest, atol=1e-12)
    np.testing.assert_allclose(joints[1], rest + (1, 2, 3), atol=1e-12)
    np.testing.assert_allclose(rotmats, identity_rotmats(2))


def test_a_bent_elbow_moves_only_the_forearm():
    rest = generic_rest_joints()
    rotmats = identity_rotmats()
    rotmats[0, JOINT["left_elbow"]] = QUARTER_TURN_ABOUT_Z
    _, joints = forward_kinematics(rotmats, rest, np.zeros((1, 3)))
    elbow, wrist = rest[JOINT["left_elbow"]], rest[JOINT["left_wrist"]]
    length = wrist[0] - elbow[0]
    np.testing.assert_allclose(joints[0, JOINT["left_wrist"]], elbow + (0, length, 0), atol=1e-12)
    unmoved = [index for index, name in enumerate(JOINT_NAMES) if name not in ("left_wrist", "left_hand")]
    np.testing.assert_allclose(joints[0, unmoved], rest[unmoved], atol=1e-12)


def test_the_root_turns_about_the_pelvis_and_not_about_the_origin():
    rest = generic_rest_joints() + (0.0, -0.3, 0.05)
    rotmats = identity_rotmats()
    rotmats[0, 0] = QUARTER_TURN_ABOUT_Z
    global_rotmats, joints = forward_kinematics(rotmats, rest, np.zeros((1, 3)))
    np.testing.assert_allclose(joints[0, 0], rest[0], atol=1e-12)
    np.testing.assert_allclose(joints[0] - rest[0], (rest - rest[0]) @ QUARTER_TURN_ABOUT_Z.T, atol=1e-12)
    np.testing.assert_allclose(global_rotmats[0, 23], QUARTER_TURN_ABOUT_Z, atol=1e-12)


def test_rotations_add_up_along_a_chain_of_three():
    parents, rest = (-1, 0, 1), rest_joints_from_offsets(np.array([[0.0, 0, 0], [1, 0, 0], [1, 0, 0]]), (-1, 0, 1))
    rotmats = np.stack([np.stack([QUARTER_TURN_ABOUT_Z] * 3)])
    global_rotmats, joints = forward_kinematics(rotmats, rest, np.array([[0.0, 0, 5.0]]), parents)
    np.testing.assert_allclose(joints[0], [[0, 0, 5], [0, 1, 5], [-1, 1, 5]], atol=1e-12)
    np.testing.assert_allclose(global_rotmats[0, 2], np.linalg.matrix_power(QUARTER_TURN_ABOUT_Z, 3), atol=1e-12)
