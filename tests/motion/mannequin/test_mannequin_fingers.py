import numpy as np
import pytest

from mpsnet_blender.motion.base.rest_pose import build_rest_pose
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.mannequin.fingers import build_fingers
from mpsnet_blender.motion.mannequin.mannequin import build_mannequin
from mpsnet_blender.shared.hands.skeleton import FULL_JOINT_NAMES, FULL_PARENTS, compute_finger_joints, full_rest_joints
from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics, generic_rest_joints
from tests.made_hands import FIST, make_gesture
from tests.motion.mannequin.test_mannequin import _edges, _volume

JOINTS = generic_rest_joints(1.72)
NUMBER = {name: number for number, name in enumerate(FULL_JOINT_NAMES)}


def test_each_finger_is_closed_and_faces_outwards():
    skin = build_fingers(JOINTS)
    edges = _edges(skin.quads)
    directed, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 1).all() and {tuple(edge) for edge in directed} == {tuple(edge) for edge in directed[:, ::-1]}
    assert len(skin.vertices) - len(edges) // 2 + len(skin.quads) == 2 * 10         # ten spheres
    # A finger of 9 mm radius and 80 mm length is 20 cm3; ten of them, with the balls of the thumbs.
    assert 1.3e-4 < _volume(skin.vertices, skin.quads) < 2.6e-4


def test_fingers_end_at_their_tips_and_begin_in_the_palm():
    skin, tips = build_fingers(JOINTS), compute_finger_joints(JOINTS)[1]
    for number, finger in enumerate(("index", "middle", "pinky", "ring", "thumb")):
        last = skin.vertices[skin.weights[:, NUMBER[f"left_{finger}3"]] > 0.9]
        assert np.linalg.norm(last - tips[number], axis=1).min() < 0.004
    assert (skin.weights[:, NUMBER["left_wrist"]] == 1.0).sum() == 5 * 8


def test_the_body_with_fingers_has_the_stature_and_weights_of_54_joints():
    mannequin, rest = build_mannequin(JOINTS, with_fingers=True), build_rest_pose(JOINTS, with_fingers=True)
    assert mannequin.weights.shape == (len(mannequin.vertices), 54)
    np.testing.assert_allclose(mannequin.weights.sum(axis=1), 1, atol=1e-12)
    assert not mannequin.weights[:, [JOINT["left_hand"], JOINT["right_hand"]]].any()
    others = [number for number in range(54) if number not in (JOINT["left_hand"], JOINT["right_hand"])]
    assert (mannequin.weights[:, others].max(axis=0) > 0.75).all()
    assert mannequin.vertices[:, 2].min() == pytest.approx(0, abs=1e-4)
    assert mannequin.vertices[:, 0].max() == pytest.approx(rest.tails[NUMBER["left_middle3"], 0], abs=0.001)
    plain = build_mannequin(JOINTS)
    arms = plain.vertices[np.abs(plain.vertices[:, 0]) < 0.6]
    far = mannequin.vertices[:len(mannequin.vertices) - len(build_fingers(JOINTS).vertices)]
    np.testing.assert_allclose(far[np.abs(far[:, 0]) < 0.6], arms, atol=1e-4)      # the same body to the wrists


def test_in_a_fist_the_skin_of_the_fingertips_lies_at_the_palm_and_keeps_its_volume():
    skin = build_fingers(JOINTS)
    rotmats = np.tile(np.eye(3), (1, 54, 1, 1))
    rotmats[0, 24:] = rotmat_from_rotvec(make_gesture(FIST, 2).rotvecs[1])
    rest = full_rest_joints(JOINTS)
    turned, joints = forward_kinematics(rotmats, rest, np.zeros((1, 3)), FULL_PARENTS)
    moved = np.einsum("jab,vjb->vja", turned[0], skin.vertices[:, None] - rest) + joints[0]
    posed = np.einsum("vj,vja->va", skin.weights, moved)
    for finger in ("index", "middle", "ring", "pinky"):
        tip = posed[skin.weights[:, NUMBER[f"left_{finger}3"]] > 0.9]
        assert tip[:, 0].max() < rest[NUMBER[f"left_{finger}2"], 0]
        assert tip[:, 1].max() < rest[NUMBER[f"left_{finger}1"], 1] + 0.005
    assert _volume(posed, skin.quads) == pytest.approx(_volume(skin.vertices, skin.quads), rel=0.15)
