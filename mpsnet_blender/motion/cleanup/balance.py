"""A body's balance: its centre of mass over its feet. Over time that direction is upright, unless the capture leans."""

from __future__ import annotations

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.quaternions import measure_lengths
from ..base.smoothing import frame_durations
from ..base.smpl_motion import WorldMotion
from ..base.soles import ANKLES, compute_stature, sole_points, usual_ankle_height
from .footprints import rotmat_from_axis_angle

# A body's segments by de Leva (1996, J. Biomechanics 29, male): share of the mass, and where its centre lies from the first joint
# to the second.
_TRUNK = (("neck", "pelvis", 0.4346, 0.4486), ("head", "head", 0.0694, 0.0))
_LIMBS = (("shoulder", "elbow", 0.0271, 0.5772), ("elbow", "wrist", 0.0162, 0.4574), ("wrist", "hand", 0.0061, 0.79),
          ("hip", "knee", 0.1416, 0.4095), ("knee", "ankle", 0.0433, 0.4459), ("ankle", "foot", 0.0137, 0.4415))
_LEAST_STRETCH = 0.85           # of a leg, hip to ankle over its length: at a right angle, as on a chair, it is 0.7
_LEAST_SECONDS = 0.5            # of standing: about one step, after which a walking body is on the other foot
_ON_FLOOR = 0.5                 # contact confidence from which a point is more likely to stand than not
_UPRIGHT = 1 - 1e-12            # the cosine of no lean at all, which has no axis
_UP = np.array((0.0, 0.0, 1.0))


def find_centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """Return the centre of mass (T, 3) of a body with SMPL joints (T, 24, 3)."""
    segments = [*_TRUNK, *((f"{side}_{first}", f"{side}_{second}", mass, share)
                           for side in ("left", "right") for first, second, mass, share in _LIMBS)]
    weights = np.zeros(len(JOINT))
    for first, second, mass, share in segments:
        weights[JOINT[first]] += mass * (1 - share)
        weights[JOINT[second]] += mass * share
    return np.einsum("j,tji->ti", weights / weights.sum(), joints)


def find_stretched_frames(joints: np.ndarray) -> np.ndarray:
    """Return whether a leg is about straight (T,), as it is in standing and walking and not on a chair; joints (T, 24, 3)."""
    stretch = []
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, JOINT[f"{side}_{name}"]] for name in ("hip", "knee", "ankle"))
        length = measure_lengths(knee - hip) + measure_lengths(ankle - knee)
        stretch.append(measure_lengths(ankle - hip) / length)
    return np.max(stretch, axis=0)[:, 0] > _LEAST_STRETCH


def find_balance(body: WorldMotion) -> np.ndarray | None:
    """Return the mean direction (3,) from the feet that stand to the centre of mass; None where the body hardly stands."""
    feet, joints = body.pose(ANKLES)
    soles = sole_points(body.rest_joints, usual_ankle_height(compute_stature(body.rest_joints), body.is_shod), feet, joints)
    return find_posed_balance(body, joints, soles)


def find_posed_balance(body: WorldMotion, joints: np.ndarray, soles: np.ndarray) -> np.ndarray | None:
    """Return what `find_balance` does, of a body whose joints (T, 24, 3) and soles (T, 4, 3) are known already."""
    load = np.repeat(body.contacts[:, ::2] + body.contacts[:, 1::2], 2, axis=1)         # heel and ball carry half of it each
    stands = (body.contacts.max(1) > _ON_FLOOR) & find_stretched_frames(joints)
    seconds = frame_durations(body.timestamps)[stands]
    if seconds.sum() < _LEAST_SECONDS:
        return None
    feet = (load[..., None] * soles).sum(1)[stands] / load.sum(1)[stands, None]
    up = find_centre_of_mass(joints)[stands] - feet
    mean = (seconds[:, None] * up / np.linalg.norm(up, axis=1, keepdims=True)).sum(0)
    return mean / np.linalg.norm(mean)


def angle_from_upright(up: np.ndarray | None) -> float | None:
    """Return the angle in degrees of a direction (3,) from upright; None of None."""
    return None if up is None else float(np.degrees(np.arccos(np.clip(up[2], -1, 1))))


def level_body(body: WorldMotion, share: float) -> WorldMotion:
    """Return the body turned upright by a share (0..1) of its mean lean, in each frame about the floor under its root.

    The path over the floor stays; feet leave the floor by some centimetres, and the foot lock puts them back.
    """
    up = find_balance(body) if share else None
    if up is None or up[2] > _UPRIGHT:
        return body
    axis = np.cross(up, _UP)
    angle = share * np.arccos(np.clip(up[2], -1, 1))
    turned = rotmat_from_axis_angle((axis / np.linalg.norm(axis))[None], np.array([angle]))[0]
    rotmats = body.rotmats.copy()
    rotmats[:, 0] = turned @ rotmats[:, 0]
    heights = body.root_path * _UP
    return body.with_pose(rotmats, body.transl - heights + heights @ turned.T)
