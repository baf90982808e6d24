"""People whom an engine solved get the hands that were read: fingers, and palms that turn wrists and forearms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.shared.capture_request import DEFAULT_STATURE
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.hands.skeleton import (
    FINGER_JOINTS,
    FINGERS,
    FULL_PARENTS,
    SIDES,
    compute_finger_joints,
    full_rest_joints,
)
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, forward_kinematics

from ..base.reporter import Reporter
from ..body.wrists import find_straight_forearms, turn_wrists
from ..fingers.ownership import OwnHand, find_owners
from ..fingers.solving import Forearms, solve_hands
from ..hands.readings import HandReadings
from .engine import CapturedPerson, Shot

_BLOCK_FRAMES = 1024        # posed at a time, for bounded memory
_WRISTS = [JOINT[f"{side}_wrist"] for side in SIDES]


def add_hands(people: Sequence[CapturedPerson], readings: HandReadings, shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
    """Return the people with their hands; those whose hands were not seen as they are. Raises CancelRequested."""
    owned = find_owners(readings, [person.track for person in people])
    with_hands = []
    for person, hands in zip(people, owned, strict=True):
        reporter.check()
        with_hands.append(_add_to(person, hands, shot))
    return with_hands


def pose_fingers(person: CapturedPerson) -> np.ndarray | None:
    """Return the points (T, 2, 5, 5, 3) m in the camera's frame of left and right fingers in SMPL-H's order, from the wrist over
    three joints to the tip; None without hands."""
    if person.hands is None:
        return None
    rest = person.motion.rest_joints
    tips_rest = compute_finger_joints(rest)[1].reshape(2, len(FINGERS), 3)
    lasts_rest = compute_finger_joints(rest)[0].reshape(2, len(FINGERS), FINGER_JOINTS, 3)[:, :, -1]
    blocks = []
    for start in range(0, len(person.motion.transl), _BLOCK_FRAMES):
        rows = slice(start, start + _BLOCK_FRAMES)
        motion, hands = person.motion.at(rows), person.hands.at(rows)
        rotmats = np.concatenate([motion.rotmats, rotmat_from_rotvec(hands.rotvecs)], axis=1)
        turned, joints = forward_kinematics(rotmats, full_rest_joints(rest), motion.transl, FULL_PARENTS)
        fingers = joints[:, JOINT_COUNT:].reshape(-1, 2, len(FINGERS), FINGER_JOINTS, 3)
        lasts = turned[:, JOINT_COUNT:].reshape(-1, 2, len(FINGERS), FINGER_JOINTS, 3, 3)[..., -1, :, :]
        tips = fingers[..., -1, :] + np.einsum("tsfij,sfj->tsfi", lasts, tips_rest - lasts_rest)
        wrists = np.broadcast_to(joints[:, _WRISTS, None], tips.shape)
        blocks.append(np.concatenate([wrists[..., None, :], fingers, tips[..., None, :]], axis=-2))
    return np.concatenate(blocks)


def _add_to(person: CapturedPerson, hands: tuple[OwnHand, OwnHand], shot: Shot) -> CapturedPerson:
    motion = person.motion
    _, joints = motion.pose()
    distances = np.linalg.norm(joints[:, _WRISTS], axis=-1) * (DEFAULT_STATURE / motion.stature)
    solved = solve_hands(hands, Forearms(distances, find_straight_forearms(motion)), person.track.timestamps, shot.intrinsics)
    if solved is None:
        return person
    return replace(person, motion=turn_wrists(motion, solved.palms, solved.confidence),
                   hands=make_hand_poses(solved.rotvecs, solved.confidence))
