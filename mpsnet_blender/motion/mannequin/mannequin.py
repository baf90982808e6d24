"""The mannequin of one person: the generic body stretched to the person's joints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...shared.smpl_skeleton import JOINT, JOINT_COUNT, generic_rest_joints
from ..base.coordinates import blender_from_smpl
from ..base.rest_pose import find_rest_origin, make_bone_vectors
from ..base.soles import compute_stature
from .fingers import build_fingers
from .shape import GRID, SOLE, evaluate_body, evaluate_body_to_knuckles
from .surface import Surface, extract_surface
from .weights import compute_weights

_FEET = tuple(JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot"))
_SPINE = tuple(JOINT[name] for name in ("pelvis", "spine1", "spine2", "spine3"))
_LEAST_STATURE = 0.1  # metres: files may hold any joints, also all in one place
_LEAST_GIRTH, _MOST_GIRTH = 0.8, 1.25  # of the trunk's width for its stature: beyond them joints were measured wrongly


@dataclass(frozen=True)
class Mannequin:
    """vertices (V, 3) metres in armature space, as RestPose's bones; quads (F, 4), against the clock seen from outside; weights
    (V, 24) of SMPL's joints, or (V, 54) with those of the fingers."""
    vertices: np.ndarray
    quads: np.ndarray
    weights: np.ndarray


@lru_cache(maxsize=2)
def _make_generic_body(with_fingers: bool) -> tuple[Surface, np.ndarray]:
    """Return the generic body, in statures, and its weights; it has only palms where fingers are added. It takes about as long as
    an import, hence the cache."""
    surface = extract_surface(evaluate_body_to_knuckles if with_fingers else evaluate_body, *GRID)
    weights = compute_weights(surface.vertices)
    if with_fingers:
        for side in ("left", "right"):
            weights[:, JOINT[f"{side}_wrist"]] += weights[:, JOINT[f"{side}_hand"]]
            weights[:, JOINT[f"{side}_hand"]] = 0.0
    return surface, weights


def build_mannequin(rest_joints: np.ndarray, shod: bool = True, with_fingers: bool = False) -> Mannequin:
    """Return the mannequin of a body with rest joints (24, 3) in metres; its soles are at z = 0."""
    surface, weights = _make_generic_body(with_fingers)
    joints = np.asarray(rest_joints, dtype=np.float64)
    generic = generic_rest_joints(1.0)
    origin = find_rest_origin(joints, shod)
    linear = _find_stretches(joints, generic, origin[1])
    # A vertex follows each of its joints as in skinning; the weights make the stretch smooth from limb to limb.
    shifts = joints - np.einsum("jab,jb->ja", linear, generic)
    blended = (weights @ linear.reshape(JOINT_COUNT, 9)).reshape(-1, 3, 3)
    skin = np.einsum("vab,vb->va", blended, surface.vertices) + weights @ shifts
    if not with_fingers:
        return Mannequin(blender_from_smpl(skin - origin), surface.quads, weights)
    fingers = build_fingers(joints)
    padded = np.pad(weights, ((0, 0), (0, fingers.weights.shape[1] - JOINT_COUNT)))
    return Mannequin(blender_from_smpl(np.concatenate((skin, fingers.vertices)) - origin),
                     np.concatenate((surface.quads, fingers.quads + len(skin))), np.concatenate((padded, fingers.weights)))


def _find_stretches(joints: np.ndarray, generic: np.ndarray, sole: float) -> np.ndarray:
    """Return matrices (24, 3, 3) from the generic body about each joint to the person's: along a limb by its length, across it by
    the stature; the trunk's width by shoulders and hips; feet down to the sole, at the height `sole` in the rest frame."""
    stature = max(compute_stature(joints), _LEAST_STATURE)
    before, after = make_bone_vectors(generic), make_bone_vectors(joints)
    linear = np.stack([_stretch_limb(before[joint], after[joint], stature) for joint in range(JOINT_COUNT)])
    hips, shoulders = (np.clip(_width(joints, name) / _width(generic, name) / stature, _LEAST_GIRTH, _MOST_GIRTH)
                       for name in ("hip", "shoulder"))
    for joint, share in zip(_SPINE, np.linspace(0, 1, len(_SPINE)), strict=True):
        linear[joint, :, 0] *= hips + share * (shoulders - hips)
    for joint in _FEET:
        linear[joint] = stature * np.eye(3)
        linear[joint, 1, 1] = (joints[joint, 1] - sole) / (generic[joint, 1] - SOLE)
    return linear


def _stretch_limb(before: np.ndarray, after: np.ndarray, girth: float) -> np.ndarray:
    """Return the matrix that takes the vector `before` to `after` and enlarges what is across by `girth`.

    The rotation R between unit vectors a and b is I + K + K^2 / (1 + a.b), with K the cross product matrix of a x b.
    """
    lengths = np.linalg.norm(before), np.linalg.norm(after)
    start, end = before / lengths[0], after / lengths[1]
    x, y, z = np.cross(start, end)
    turn = np.array(((0, -z, y), (z, 0, -x), (-y, x, 0)))
    rotation = np.eye(3) + turn + turn @ turn / (1 + start @ end)
    along = np.outer(start, start)
    return rotation @ (girth * (np.eye(3) - along) + lengths[1] / lengths[0] * along)


def _width(joints: np.ndarray, name: str) -> float:
    return float(joints[JOINT[f"left_{name}"], 0] - joints[JOINT[f"right_{name}"], 0])
