import numpy as np
import pytest

from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.hands.skeleton import (
    FULL_JOINT_NAMES,
    FULL_PARENTS,
    HAND_JOINT_NAMES,
    compute_finger_joints,
    full_rest_joints,
)
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

REST = generic_rest_joints(1.72)
WRIST = REST[JOINT["left_wrist"]]


def place(name):
    return full_rest_joints(REST)[FULL_JOINT_NAMES.index(name)]


def test_the_joints_are_smpl_h_s_in_its_order():
    assert HAND_JOINT_NAMES[:3] == ("left_index1", "left_index2", "left_index3")
    assert [name for name in HAND_JOINT_NAMES if name.endswith("1")] == [
        f"{side}_{finger}1" for side in ("left", "right") for finger in ("index", "middle", "pinky", "ring", "thumb")]
    assert len(FULL_JOINT_NAMES) == len(FULL_PARENTS) == 54


@pytest.mark.parametrize(("joint", "parent"), [
    ("left_index1", "left_wrist"), ("left_thumb2", "left_thumb1"), ("right_pinky3", "right_pinky2"),
    ("right_thumb1", "right_wrist")])
def test_fingers_hang_on_the_wrist_and_each_phalanx_on_the_one_before(joint, parent):
    assert FULL_JOINT_NAMES[FULL_PARENTS[FULL_JOINT_NAMES.index(joint)]] == parent


def test_the_hand_of_somebody_of_1_72_m_is_186_mm_long():
    """0.108 of the stature, by Drillis and Contini (1966)."""
    middle_tip = compute_finger_joints(REST)[1][1]
    assert middle_tip[0] - WRIST[0] == pytest.approx(0.108 * 1.72, abs=0.001)


def test_phalanges_have_the_measured_lengths():
    for first, second, length in (("index1", "index2", 39.78), ("middle2", "middle3", 26.33), ("pinky1", "pinky2", 32.74),
                                  ("thumb1", "thumb2", 46.22)):
        measured = np.linalg.norm(place(f"left_{second}") - place(f"left_{first}"))
        assert 1000 * measured == pytest.approx(length, abs=0.01)


def test_the_thumb_is_in_front_and_below_and_the_fingers_lie_side_by_side():
    fronts = [place(f"left_{finger}1")[2] for finger in ("pinky", "ring", "middle", "index")]
    assert fronts == sorted(fronts) and fronts[-1] - fronts[0] == pytest.approx(0.061, abs=0.001)
    thumb = place("left_thumb3") - WRIST
    assert thumb[0] > 0.05 and thumb[1] < -0.02 and thumb[2] > 0.05


def test_the_right_hand_mirrors_the_left():
    joints, tips = compute_finger_joints(REST)
    np.testing.assert_allclose(joints[15:], joints[:15] * (-1, 1, 1), atol=1e-12)
    np.testing.assert_allclose(tips[5:], tips[:5] * (-1, 1, 1), atol=1e-12)


def test_a_smaller_body_has_smaller_hands():
    child = compute_finger_joints(generic_rest_joints(0.86))[0]
    np.testing.assert_allclose(2 * child, compute_finger_joints(REST)[0], atol=1e-9)


def test_rows_and_rotations_of_both_hands():
    rotvecs = np.random.default_rng(0).normal(size=(4, 30, 3)).astype(np.float32)
    hands = make_hand_poses(rotvecs, np.array(((0.2, 0.6), (0.5, 0.9), (0.4, 0.9), (0.1, 0.1))))
    np.testing.assert_array_equal(hands.rotvecs, rotvecs)
    assert hands.left_hand_pose[2, 3:6].tolist() == rotvecs[2, 1].tolist()
    assert hands.right_hand_pose[2, :3].tolist() == rotvecs[2, 15].tolist()
    assert hands.seen_shares == (0.25, 0.75)
    np.testing.assert_array_equal(hands.at(slice(1, 3)).rotvecs, rotvecs[1:3])
