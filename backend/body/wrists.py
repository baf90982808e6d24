"""Palms that were seen turn the wrists, and the forearms with them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.hands.skeleton import SIDES
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.rotations import limit_angles, rotmats_about, split_swing_and_twist, transpose

# The wrist's range of motion (flexion 80, rounded up), and that of the hand's twist: turning the forearm, 90 to each side, and a
# little of the shoulder's that is missing.
_MAX_BEND, _MAX_TWIST = np.radians(90), np.radians(120)
# Of the hand's twist, the forearm's share: its bones turn about one another over its length, and SMPL's forearm is one piece.
_FOREARM_SHARE = 0.5


def find_straight_forearms(motion: CameraMotion) -> np.ndarray:
    """Return rotations (T, 2, 3, 3) of left and right forearm from the rest pose to the camera's axes, without their twists."""
    turned, _ = motion.pose()
    return np.stack([turned[:, JOINT[f"{side}_shoulder"]] @ _find_swing(motion, side) for side in SIDES], axis=1)


def _find_swing(motion: CameraMotion, side: str) -> np.ndarray:
    """Return the elbow's rotations (T, 3, 3) without their twists about the forearm."""
    elbow, wrist = JOINT[f"{side}_elbow"], JOINT[f"{side}_wrist"]
    swing, _ = split_swing_and_twist(motion.rotmats[:, elbow], motion.rest_joints[wrist] - motion.rest_joints[elbow])
    return Rotation.from_rotvec(swing).as_matrix()


def turn_wrists(motion: CameraMotion, palms: np.ndarray, confidence: np.ndarray) -> CameraMotion:
    """Return the motion whose hands lie as palms (T, 2, 3, 3), rotations from the rest pose to the camera's axes, where they were
    seen: confidence (T, 2), 0.5 and more.

    The elbow's swing stays, so that no joint moves; the twist about the forearm is shared out to elbow and wrist.
    """
    rotmats = motion.rotmats.copy()
    turned, _ = motion.pose()
    for number, side in enumerate(SIDES):
        elbow, wrist = JOINT[f"{side}_elbow"], JOINT[f"{side}_wrist"]
        forearm = motion.rest_joints[wrist] - motion.rest_joints[elbow]
        share = np.clip(2 * confidence[:, number], 0, 1)[:, None]
        away = Rotation.from_matrix(transpose(turned[:, wrist]) @ palms[:, number]).as_rotvec()
        hand = turned[:, wrist] @ Rotation.from_rotvec(share * away).as_matrix()
        straight = _find_swing(motion, side)
        bend, twist = split_swing_and_twist(transpose(turned[:, JOINT[f"{side}_shoulder"]] @ straight) @ hand, forearm)
        bend, twist = limit_angles(bend, _MAX_BEND), np.clip(twist, -_MAX_TWIST, _MAX_TWIST)
        seen = share[:, 0] > 0
        at_elbow = straight @ rotmats_about(forearm, _FOREARM_SHARE * twist)
        bent = Rotation.from_rotvec(bend).as_matrix() @ rotmats_about(forearm, twist)
        at_wrist = rotmats_about(forearm, -_FOREARM_SHARE * twist) @ bent
        rotmats[seen, elbow], rotmats[seen, wrist] = at_elbow[seen], at_wrist[seen]
    return motion.with_pose(rotmats, motion.transl)
