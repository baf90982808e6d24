"""Hand lock: hands on the floor stay in place, as in push-ups, crawling and cartwheels; the arms follow."""

from __future__ import annotations

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.contact_spans import Spans, carried_on, detect_standing, held_and_faded, spans_of
from ..base.smoothing import smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import SIDES, stature_of
from ..base.two_bone_ik import solve_two_bone
from .footprints import truly_moved

_LOW_METRES, _SLOW = 0.11, 0.30         # of a wrist, at which a hand is as likely to lie on the floor as not; metres a second
_SMOOTH_SECONDS, _SHORTEST_SECONDS = 0.05, 0.12
_FADE_SECONDS, _CARRY_SECONDS = 0.25, 0.05
_WRIST_ABOVE_PALM = 0.03                # in statures
_ELBOW_SIDE = np.array((0.0, -0.49, -0.87))     # direction in which the elbows point in the rest pose
_HINT_SHARE = 0.05                      # of an arm's length: a nearly straight arm bends that way


def lock_hands(body: WorldMotion, strength: float = 1.0) -> WorldMotion:
    """Return the motion with its lying hands held; strength 0..1, 0 leaves it as it is. Floor at z = 0.

    A file tells no contacts of hands: one that is low and slow lies. Only arms change.
    """
    if strength <= 0 or len(body.transl) < 3:
        return body
    rotmats, joints = body.pose()
    changed = body.rotmats
    for side in SIDES:
        spans = _lying(joints[:, JOINT[f"{side}_wrist"]], body.timestamps)
        if len(spans.starts):
            changed = changed if changed is not body.rotmats else body.rotmats.copy()
            _solve_arm(changed, rotmats, joints, side, _target(body, joints[:, JOINT[f"{side}_wrist"]], spans, strength))
    return body if changed is body.rotmats else body.with_pose(changed, body.transl)


def _lying(wrists: np.ndarray, timestamps: np.ndarray) -> Spans:
    """Return the spans in which a hand with its wrist at places (T, 3) lies on the floor."""
    places = smooth(wrists, timestamps, _SMOOTH_SECONDS)
    speed = np.linalg.norm(np.gradient(places, timestamps, axis=0), axis=1)
    likely = 1 / (1 + (np.maximum(places[:, 2], 0) / _LOW_METRES) ** 4 + (speed / _SLOW) ** 4)
    return spans_of(detect_standing(likely, timestamps), timestamps).lasting(_SHORTEST_SECONDS)


def _target(body: WorldMotion, wrists: np.ndarray, spans: Spans, strength: float) -> np.ndarray:
    """Return where a wrist goes (T, 3): on one spot while its hand lies, but what it truly moves, and no lower than a palm."""
    means = spans.means(wrists)
    means[:, 2] = np.maximum(means[:, 2], _WRIST_ABOVE_PALM * stature_of(body.rest_joints))
    spot = spans.spread(means)
    move = spot + truly_moved(wrists - spot, spans) - wrists
    faded = held_and_faded(move, spans, _FADE_SECONDS) + carried_on(move, spans, _CARRY_SECONDS)
    return wrists + strength * faded


def _solve_arm(local: np.ndarray, rotmats: np.ndarray, joints: np.ndarray, side: str, target: np.ndarray) -> None:
    """Write into `local` (T, 24, 3, 3) the rotations of an arm whose wrist reaches its target (T, 3); the hand keeps its own.

    rotmats (T, 24, 3, 3) and joints (T, 24, 3) are the body's before. Frames whose target is where the wrist is stay as they are.
    """
    collar, shoulder, elbow, wrist = (JOINT[f"{side}_{name}"] for name in ("collar", "shoulder", "elbow", "wrist"))
    moved = np.flatnonzero(np.linalg.norm(target - joints[:, wrist], axis=1) > 1e-6)
    rotmats = rotmats[moved]
    shoulder_at, elbow_at, wrist_at = (joints[moved, joint] for joint in (shoulder, elbow, wrist))
    upper, line = elbow_at - shoulder_at, wrist_at - shoulder_at
    length = np.linalg.norm(upper, axis=1) + np.linalg.norm(wrist_at - elbow_at, axis=1)
    along = (upper * line).sum(1) / np.maximum((line ** 2).sum(1), 1e-9)
    # An arm keeps bending the way it does: the hint matters only where it is straight.
    hint = upper - along[:, None] * line + _HINT_SHARE * length[:, None] * (rotmats[:, collar] @ _ELBOW_SIDE)
    solved = solve_two_bone(shoulder_at, elbow_at, wrist_at, target[moved], hint)
    upper_arm, forearm = solved.upper_rotmat @ rotmats[:, shoulder], solved.lower_rotmat @ rotmats[:, elbow]
    local[moved, shoulder] = np.swapaxes(rotmats[:, collar], 1, 2) @ upper_arm
    local[moved, elbow] = np.swapaxes(upper_arm, 1, 2) @ forearm
    local[moved, wrist] = np.swapaxes(forearm, 1, 2) @ rotmats[:, wrist]
