"""Foot lock: feet in contact stay in place, flat or rolling from heel to ball, and no foot sinks into the floor."""

from __future__ import annotations

import numpy as np

from ...shared.arrays.frame_blocks import frame_blocks
from ...shared.arrays.large_arrays import copy_array, make_array
from ...shared.smpl_skeleton import JOINT
from ..base.contact_spans import continue_end_speeds, detect_standing, fade_outside_spans, find_spans
from ..base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from ..base.smpl_motion import WorldMotion
from ..base.soles import SIDES, Sole, compute_stature, make_soles, measure_ankle_height
from .footprints import PlantedFoot, plant_foot, rotmat_from_axis_angle
from .leg_solver import FootTarget, compute_pelvis_shift, solve_leg

# Time over which a correction fades, and decay time of its speed at a span's end. Measured on captures of six rendered people:
# the ankles' accelerations are off by 5.9 mm/frame^2; with a fade of 0.1 s by 6.6, of 0.35 s by 5.9. Decay times of 0.025 to
# 0.1 s make no difference.
_FADE_SECONDS, _DECAY_SECONDS = 0.25, 0.05
_MOST_TOE_BEND = np.radians(50.0)   # about what toes bend by when a walker pushes off; chosen by eye, not measured
_LEGS = (JOINT["pelvis"], *(JOINT[f"{side}_{name}"] for side in SIDES for name in ("hip", "knee", "ankle")))


def lock_feet(body: WorldMotion, strength: float | np.ndarray = 1.0) -> WorldMotion:
    """Return the motion with its feet fixed while they stand, by its contacts. strength: 0 (no change) to 1, for all or (T, 2)
    for each frame's left and right foot.

    Knees follow by two-bone kinematics. The pelvis moves smoothly, and only as far as the legs' lengths require.
    """
    strengths = np.broadcast_to(strength, (len(body.transl), 2))
    if len(body.transl) < 2 or strengths.max() <= 0:
        return body
    turned, toes, joints = _pose_legs(body)
    stands = np.stack([detect_standing(contact, body.timestamps) for contact in body.contacts.T], axis=1)
    ankles = joints[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
    flat = stands[:, ::2] & stands[:, 1::2]
    height = measure_ankle_height(ankles, flat, compute_stature(body.rest_joints), body.is_shod)
    targets = [_make_foot_target(body, sole, turned[sole.ankle], toes[sole.toes], joints[:, sole.ankle],
                                 stands[:, 2 * side:2 * side + 2], strengths[:, side])
               for side, sole in enumerate(make_soles(body.rest_joints, height))]
    shift = compute_pelvis_shift(joints, targets, body.timestamps)
    changed = copy_array(body.rotmats)
    for rows in frame_blocks(len(changed)):
        here = {joint: rotmats[rows] for joint, rotmats in turned.items()}
        for target in targets:
            solve_leg(changed[rows], here, joints[rows], shift[rows], target.at(rows))
    return body.with_pose(changed, body.transl + shift)


def _pose_legs(body: WorldMotion) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], np.ndarray]:
    """Return global rotations (T, 3, 3) by joint of the pelvis and the legs, those of the toes relative to the feet, and joints
    (T, 24, 3)."""
    turned = {joint: np.empty((len(body.transl), 3, 3)) for joint in _LEGS}
    toes = {JOINT[f"{side}_foot"]: np.empty((len(body.transl), 3, 3)) for side in SIDES}
    joints = make_array((len(body.transl), len(JOINT), 3))
    for rows in frame_blocks(len(joints)):
        rotmats, joints[rows] = body.at(rows).pose(_LEGS)
        for number, joint in enumerate(turned):
            turned[joint][rows] = rotmats[:, number]
        for joint in toes:
            toes[joint][rows] = body.rotmats[rows, joint]
    return turned, toes, joints


def _make_foot_target(body: WorldMotion, sole: Sole, turned: np.ndarray, toes: np.ndarray, ankles: np.ndarray,
                      stands: np.ndarray, strength: np.ndarray) -> FootTarget:
    """Return a foot's targets, from its global rotations (T, 3, 3), its toes' relative ones, and its ankles (T, 3)."""
    planted = plant_foot(sole, turned, ankles, stands[:, 0], stands[:, 1], body.timestamps)
    turn, move = rotvec_from_rotmat(planted.rotmats @ np.swapaxes(turned, 1, 2)), planted.ankles - ankles
    # Outside the spans the correction fades, so that the change of speed from swing to stance is spread over the swing.
    turn, move = (fade_outside_spans(values, planted.spans, _FADE_SECONDS)
                  + continue_end_speeds(values, planted.spans, _DECAY_SECONDS) for values in (turn, move))
    held = fade_outside_spans(np.ones(len(ankles)), planted.spans, _FADE_SECONDS)
    new, ankles = rotmat_from_rotvec(strength[:, None] * turn) @ turned, ankles + strength[:, None] * move
    new, ankles = _lift_out_of_floor(sole, new, ankles, planted, strength)
    toe_spans = find_spans(stands[:, 1], body.timestamps)
    toes_held = strength * fade_outside_spans(np.ones(len(ankles)), toe_spans, _FADE_SECONDS / 2)
    return FootTarget(sole, new, ankles, held, _flatten_toes(toes, sole, new, toes_held))


def _lift_out_of_floor(sole: Sole, rotmats: np.ndarray, ankles: np.ndarray, planted: PlantedFoot,
                      strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rotations (T, 3, 3) and ankles (T, 3) of feet with heel and ball above the ground.

    A foot with only one of the two below the ground is pitched, then each is lifted.
    """
    heels, balls = sole.points(rotmats, ankles)
    ahead = (balls - heels) / sole.length
    sunk = [strength * np.maximum(planted.ground - points[:, 2], 0.0) for points in (heels, balls)]
    pitch = np.arcsin(np.clip(ahead[:, 2], -1, 1))
    raised = np.arcsin(np.clip(ahead[:, 2] + (sunk[1] - sunk[0]) / sole.length, -1, 1)) - pitch
    across = np.stack((ahead[:, 1], -ahead[:, 0], np.zeros(len(ahead))), axis=-1)
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    turned = rotmat_from_axis_angle(across, raised) @ rotmats
    # The standing point keeps its place on the floor; the height is that of the lifted heel.
    new_heels, new_balls = sole.points(turned, ankles)
    back = heels - new_heels + planted.on_ball[:, None] * (balls - new_balls - heels + new_heels)
    back[:, 2] = heels[:, 2] + sunk[0] - new_heels[:, 2]
    return turned, ankles + back


def _flatten_toes(toes: np.ndarray, sole: Sole, feet: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return the toe joint's rotations (T, 3, 3), turned towards toes flat on the floor by a share `held` (T,) in 0..1."""
    pitch = np.arcsin(np.clip((feet @ sole.frame[:, 0])[:, 2], -1, 1))
    bend = np.clip(-pitch, 0, _MOST_TOE_BEND)
    bent = rotmat_from_axis_angle(np.broadcast_to(-sole.frame[:, 1], (len(toes), 3)), bend)
    turn = rotvec_from_rotmat(bent @ np.swapaxes(toes, 1, 2))
    return rotmat_from_rotvec(held[:, None] * turn) @ toes
