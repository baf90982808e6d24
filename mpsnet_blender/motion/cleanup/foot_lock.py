"""Foot lock: feet in contact stay in place, flat or rolling over heel and ball, and no foot sinks into the floor."""

from __future__ import annotations

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.contact_spans import carried_on, detect_standing, held_and_faded, spans_of
from ..base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from ..base.smpl_motion import WorldMotion
from ..base.soles import Sole, soles_of, standing_ankle_height, stature_of
from .footprints import PlantedFoot, planted_foot, turned_about
from .leg_solver import FootTarget, pelvis_shift, solve_leg

# By how far ankles' accelerations were off on captures of six rendered people: 5.9 mm/frame^2; fading in 0.1 s 6.6, in 0.35 s 5.9
# again. 0.025 to 0.1 s carry on alike.
_FADE_SECONDS, _CARRY_SECONDS = 0.25, 0.05
_MOST_TOE_BEND = np.radians(50.0)


def lock_feet(body: WorldMotion, strength: float = 1.0) -> WorldMotion:
    """Return the motion with its standing feet held, by its contacts; strength 0..1, 0 leaves it as it is.

    Knees follow by two-bone kinematics, the pelvis is moved as little as the legs' reach asks for, and smoothly.
    """
    if strength <= 0 or len(body.transl) < 2:
        return body
    rotmats, joints = body.pose()
    stands = np.stack([detect_standing(contact, body.timestamps) for contact in body.contacts.T], axis=1)
    ankles = joints[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
    flat = stands[:, ::2] & stands[:, 1::2]
    height = standing_ankle_height(ankles, flat, stature_of(body.rest_joints), body.is_shod)
    targets = [_foot_target(body, sole, rotmats, joints, stands[:, 2 * side:2 * side + 2], strength)
               for side, sole in enumerate(soles_of(body.rest_joints, height))]
    shift = pelvis_shift(joints, targets, body.timestamps)
    changed = body.rotmats.copy()
    for target in targets:
        solve_leg(changed, rotmats, joints, shift, target)
    return body.with_pose(changed, body.transl + shift)


def _foot_target(body: WorldMotion, sole: Sole, rotmats: np.ndarray, joints: np.ndarray, stands: np.ndarray,
                 strength: float) -> FootTarget:
    turned, ankles = rotmats[:, sole.ankle], joints[:, sole.ankle]
    planted = planted_foot(sole, turned, ankles, stands[:, 0], stands[:, 1], body.timestamps)
    turn, move = rotvec_from_rotmat(planted.rotmats @ np.swapaxes(turned, 1, 2)), planted.ankles - ankles
    # A raw foot is at another speed than one that stands: that it lands and lifts without a jerk is done in the air.
    turn, move = (held_and_faded(values, planted.spans, _FADE_SECONDS) + carried_on(values, planted.spans, _CARRY_SECONDS)
                  for values in (turn, move))
    held = held_and_faded(np.ones(len(ankles)), planted.spans, _FADE_SECONDS)
    new, ankles = rotmat_from_rotvec(strength * turn) @ turned, ankles + strength * move
    new, ankles = _out_of_the_floor(sole, new, ankles, planted, strength)
    toe_spans = spans_of(stands[:, 1], body.timestamps)
    toes_held = strength * held_and_faded(np.ones(len(ankles)), toe_spans, _FADE_SECONDS / 2)
    toes = _flat_toes(body.rotmats[:, sole.toes], sole, new, toes_held)
    return FootTarget(sole, new, ankles, held, toes)


def _out_of_the_floor(sole: Sole, rotmats: np.ndarray, ankles: np.ndarray, planted: PlantedFoot,
                      strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Return feet with heel and ball above the ground: pitched, where only one of them is below it, and lifted."""
    heels, balls = sole.points(rotmats, ankles)
    ahead = (balls - heels) / sole.length
    sunk = [strength * np.maximum(planted.ground - points[:, 2], 0.0) for points in (heels, balls)]
    pitch = np.arcsin(np.clip(ahead[:, 2], -1, 1))
    raised = np.arcsin(np.clip(ahead[:, 2] + (sunk[1] - sunk[0]) / sole.length, -1, 1)) - pitch
    across = np.stack((ahead[:, 1], -ahead[:, 0], np.zeros(len(ahead))), axis=-1)
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    turned = turned_about(across, raised) @ rotmats
    # The point that stands stays where it is on the floor; the lift is the heel's.
    new_heels, new_balls = sole.points(turned, ankles)
    back = heels - new_heels + planted.on_ball[:, None] * (balls - new_balls - heels + new_heels)
    back[:, 2] = heels[:, 2] + sunk[0] - new_heels[:, 2]
    return turned, ankles + back


def _flat_toes(toes: np.ndarray, sole: Sole, feet: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return the toe joint's rotations (T, 3, 3): on the floor as far as they are held (T,), whatever the heel does."""
    pitch = np.arcsin(np.clip((feet @ sole.frame[:, 0])[:, 2], -1, 1))
    bend = np.clip(-pitch, 0, _MOST_TOE_BEND)
    bent = turned_about(np.broadcast_to(-sole.frame[:, 1], (len(toes), 3)), bend)
    turn = rotvec_from_rotmat(bent @ np.swapaxes(toes, 1, 2))
    return rotmat_from_rotvec(held[:, None] * turn) @ toes
