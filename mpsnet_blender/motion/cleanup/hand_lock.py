"""Hand lock: hands on the floor stay in place, as in push-ups, crawling and cartwheels; the arms follow."""

from __future__ import annotations

import numpy as np

from ...shared.arrays.frame_blocks import frame_blocks
from ...shared.arrays.large_arrays import copy_array
from ...shared.smpl_skeleton import JOINT
from ..base.contact_spans import Spans, continue_end_speeds, detect_standing, fade_outside_spans, find_spans
from ..base.smoothing import smooth
from ..base.smpl_motion import WorldMotion
from ..base.soles import SIDES, compute_stature
from ..base.two_bone_ik import solve_two_bone
from .footprints import keep_large_drift

# Height (m) and speed (m/s) of a wrist, each of which halves the confidence that the hand lies on the floor. Chosen by reasoning:
# a lying hand's wrist is 0.05 m high (_WRIST_ABOVE_PALM), and capture errors add about as much. Not measured.
_LOW_METRES, _SLOW = 0.11, 0.30
_SMOOTH_SECONDS = 0.05                  # sigma of the wrist's smoothing before its speed; as for feet in measured_contacts.py
_SHORTEST_SECONDS = 0.12                # twice a foot's shortest stand, as no network tells a hand's contacts; not measured
_FADE_SECONDS, _DECAY_SECONDS = 0.25, 0.05      # as in foot_lock.py
_WRIST_ABOVE_PALM = 0.03                # in statures, 51 mm on an adult of 1.7 m; not measured
_ELBOW_SIDE = np.array((0.0, -0.49, -0.87))     # unit vector in which the elbows point in the rest pose: back, and down by 30°
_HINT_SHARE = 0.05                      # in arm lengths: an elbow nearer to the line of the arm takes its side from it; by eye


def lock_hands(body: WorldMotion, strength: float = 1.0) -> WorldMotion:
    """Return the motion with its hands fixed while they lie on the floor at z = 0. strength: 0 (no change) to 1.

    A motion file has no contacts of hands: a hand whose wrist is low and slow counts as lying. Only the arms change.
    """
    if strength <= 0 or len(body.transl) < 3:
        return body
    joints, targets = body.joints(), {}
    for side in SIDES:
        wrists = joints[:, JOINT[f"{side}_wrist"]]
        spans = _find_lying_spans(wrists, body.timestamps)
        if len(spans.starts):
            targets[side] = _compute_target(body, wrists, spans, strength)
    if not targets:
        return body
    changed = copy_array(body.rotmats)
    for rows in frame_blocks(len(changed)):
        rotmats, _ = body.at(rows).pose()
        for side, target in targets.items():
            _solve_arm(changed[rows], rotmats, joints[rows], side, target[rows])
    return body.with_pose(changed, body.transl)


def _find_lying_spans(wrists: np.ndarray, timestamps: np.ndarray) -> Spans:
    """Return the spans in which a hand with wrist positions (T, 3) lies on the floor."""
    positions = smooth(wrists, timestamps, _SMOOTH_SECONDS)
    speed = np.linalg.norm(np.gradient(positions, timestamps, axis=0), axis=1)
    confidence = 1 / (1 + (np.maximum(positions[:, 2], 0) / _LOW_METRES) ** 4 + (speed / _SLOW) ** 4)
    return find_spans(detect_standing(confidence, timestamps), timestamps).drop_shorter(_SHORTEST_SECONDS)


def _compute_target(body: WorldMotion, wrists: np.ndarray, spans: Spans, strength: float) -> np.ndarray:
    """Return the wrist's target positions (T, 3): one spot for each span, real movements kept, and not below a lying hand's."""
    means = spans.means(wrists)
    means[:, 2] = np.maximum(means[:, 2], _WRIST_ABOVE_PALM * compute_stature(body.rest_joints))
    spot = spans.spread_over_frames(means)
    move = spot + keep_large_drift(wrists - spot, spans) - wrists
    faded = fade_outside_spans(move, spans, _FADE_SECONDS) + continue_end_speeds(move, spans, _DECAY_SECONDS)
    return wrists + strength * faded


def _solve_arm(local: np.ndarray, rotmats: np.ndarray, joints: np.ndarray, side: str, target: np.ndarray) -> None:
    """Write into `local` (T, 24, 3, 3) the parent-relative rotations of an arm whose wrist reaches its target (T, 3).

    rotmats (T, 24, 3, 3) and joints (T, 24, 3) are global, before the change. The hand keeps its global rotation; frames in
    which the wrist is at its target stay unchanged.
    """
    collar, shoulder, elbow, wrist = (JOINT[f"{side}_{name}"] for name in ("collar", "shoulder", "elbow", "wrist"))
    moved = np.flatnonzero(np.linalg.norm(target - joints[:, wrist], axis=1) > 1e-6)
    rotmats = rotmats[moved]
    shoulder_at, elbow_at, wrist_at = (joints[moved, joint] for joint in (shoulder, elbow, wrist))
    upper, line = elbow_at - shoulder_at, wrist_at - shoulder_at
    length = np.linalg.norm(upper, axis=1) + np.linalg.norm(wrist_at - elbow_at, axis=1)
    along = (upper * line).sum(1) / np.maximum((line ** 2).sum(1), 1e-9)
    # An arm keeps the side to which it is bent: the elbow's direction matters only where it is straight.
    hint = upper - along[:, None] * line + _HINT_SHARE * length[:, None] * (rotmats[:, collar] @ _ELBOW_SIDE)
    solved = solve_two_bone(shoulder_at, elbow_at, wrist_at, target[moved], hint)
    upper_arm, forearm = solved.upper_rotmat @ rotmats[:, shoulder], solved.lower_rotmat @ rotmats[:, elbow]
    local[moved, shoulder] = np.swapaxes(rotmats[:, collar], 1, 2) @ upper_arm
    local[moved, elbow] = np.swapaxes(upper_arm, 1, 2) @ forearm
    local[moved, wrist] = np.swapaxes(forearm, 1, 2) @ rotmats[:, wrist]
