"""Palms that were seen turn wrists and forearms; no joint moves."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.rotations import split_swing_and_twist
from backend.body.wrists import find_straight_forearms, turn_wrists
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import random_poses

COUNT = 12
WALKER = random_poses(COUNT)
SEEN = np.ones((COUNT, 2))


def palms_turned(bend_degrees, twist_degrees):
    """Return palms (T, 2, 3, 3): the straight forearms, twisted and then bent at the wrist."""
    turn = Rotation.from_euler("z", bend_degrees, degrees=True) * Rotation.from_euler("x", twist_degrees, degrees=True)
    return find_straight_forearms(WALKER.motion) @ turn.as_matrix()


def degrees_apart(first, second):
    return np.degrees(Rotation.from_matrix(np.swapaxes(first, -1, -2) @ second).magnitude())


def test_hands_lie_as_the_palms_that_were_seen():
    palms = palms_turned(40, 70)
    turned, _ = turn_wrists(WALKER.motion, palms, SEEN).pose()
    for number, side in enumerate(("left", "right")):
        assert degrees_apart(turned[:, JOINT[f"{side}_wrist"]], palms[:, number]).max() < 3


def test_no_joint_moves_but_the_hand_s():
    _, before = WALKER.motion.pose()
    _, after = turn_wrists(WALKER.motion, palms_turned(30, -60), SEEN).pose()
    others = [joint for name, joint in JOINT.items() if not name.endswith("_hand")]
    assert after[:, others] == pytest.approx(before[:, others], abs=1e-9)


def test_half_of_the_hand_s_twist_is_the_forearm_s():
    turned = turn_wrists(WALKER.motion, palms_turned(0, 80), SEEN)
    forearm = WALKER.motion.rest_joints[JOINT["left_wrist"]] - WALKER.motion.rest_joints[JOINT["left_elbow"]]
    _, twist = split_swing_and_twist(turned.rotmats[:, JOINT["left_elbow"]], forearm)
    assert np.degrees(twist) == pytest.approx(np.full(COUNT, 40), abs=1)


def test_hands_that_were_not_seen_stay_as_they_are():
    confidence = np.stack((np.zeros(COUNT), np.ones(COUNT)), axis=1)
    turned = turn_wrists(WALKER.motion, palms_turned(30, 60), confidence)
    assert (turned.rotmats[:, JOINT["left_wrist"]] == WALKER.motion.rotmats[:, JOINT["left_wrist"]]).all()
    assert (turned.rotmats[:, JOINT["right_wrist"]] != WALKER.motion.rotmats[:, JOINT["right_wrist"]]).any()


def test_wrists_bend_no_farther_than_wrists_do():
    turned = turn_wrists(WALKER.motion, palms_turned(150, 0), SEEN)
    bend, _ = split_swing_and_twist(turned.rotmats[:, JOINT["left_wrist"]], np.array((1.0, 0, 0)))
    assert np.degrees(np.linalg.norm(bend, axis=1)).max() < 91
