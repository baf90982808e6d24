import numpy as np
import pytest

from mpsnet_blender.motion.base.hand_shapes import bend_fingers, relax_unseen_hands
from mpsnet_blender.motion.base.smpl_motion import make_world_motion
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.hands.skeleton import FULL_JOINT_NAMES
from mpsnet_blender.shared.smpl_skeleton import generic_rest_joints

FIST = {"index": (80, 95, 60), "middle": (80, 95, 60), "ring": (80, 95, 60), "pinky": (80, 95, 60), "thumb": (10, 40, 40)}


def posed_joints(degrees):
    """Return joints (54, 3) by name of a body in the T-pose with both hands bent."""
    rotvecs = np.concatenate([bend_fingers(degrees, side) for side in ("left", "right")])
    hands = make_hand_poses(rotvecs[None], np.ones((1, 2)))
    body = make_world_motion(np.zeros((1, 72)), np.zeros((1, 3)), generic_rest_joints(1.72), np.zeros(1), np.zeros((1, 4)),
                             hands=hands)
    return dict(zip(FULL_JOINT_NAMES, body.pose_fully(body.full_rotmats, body.transl)[0]))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("finger", ["index", "middle", "ring", "pinky"])
def test_a_finger_that_bends_by_90_degrees_points_down_where_the_palm_faces(side, finger):
    joints = posed_joints({finger: (90, 0, 0)})
    along = joints[f"{side}_{finger}2"] - joints[f"{side}_{finger}1"]
    np.testing.assert_allclose(along / np.linalg.norm(along), (0, -1, 0), atol=1e-6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_in_a_fist_all_fingertips_are_near_the_palm(side):
    straight, bent = posed_joints({}), posed_joints(FIST)
    knuckle = straight[f"{side}_middle1"]
    for finger in ("index", "middle", "ring", "pinky"):
        last = bent[f"{side}_{finger}3"]
        assert last[1] < knuckle[1] - 0.02                                       # below the palm's plane
        assert abs(last[0]) < abs(straight[f"{side}_{finger}2"][0]) - 0.03         # drawn back towards the wrist
    thumb = bent[f"{side}_thumb3"] - straight[f"{side}_thumb3"]
    assert thumb[2] < 0 and thumb[1] < 0                                        # across the palm and down


def test_hands_of_which_nothing_is_known_are_relaxed_and_others_stay():
    rotvecs = np.zeros((3, 30, 3))
    rotvecs[1, 20] = (0.1, 0.2, -0.3)
    relaxed = relax_unseen_hands(make_hand_poses(rotvecs, np.zeros((3, 2)))).rotvecs
    np.testing.assert_allclose(relaxed[:, 15:], rotvecs[:, 15:], atol=1e-7)
    # The middle finger points straight along x, so that it bends about -z alone: 22, 26 and 14 degrees.
    np.testing.assert_allclose(relaxed[2, 3:6], np.radians(((0, 0, -22), (0, 0, -26), (0, 0, -14))), atol=1e-6)
