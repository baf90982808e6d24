"""The mannequin's fingers: a round, closed solid about the bones of each, which begins inside the palm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.hands.skeleton import (
    FINGER_JOINTS,
    FINGERS,
    FULL_JOINT_NAMES,
    SIDES,
    compute_finger_joints,
    find_finger_direction,
    find_hand_scale,
)
from ...shared.smpl_skeleton import JOINT, JOINT_COUNT
from ..base.hand_shapes import find_flexion_axis

# Radii at the three joints and before the tip, in mm of a hand of 186 mm; those of a slim adult, by eye.
_RADII = {"index": (9.5, 8.8, 7.6, 6.4), "middle": (10.0, 9.0, 7.8, 6.6), "ring": (9.4, 8.4, 7.4, 6.2),
          "pinky": (8.4, 7.4, 6.6, 5.6), "thumb": (11.5, 11.8, 9.6, 7.8)}
_CORNERS = 8                # of each ring; divisible by four, for caps of quads
# Rings beside a joint, in radii from it: between them the skin bends, so that a fist's joints keep their girth; by eye.
_BESIDE = 0.6
_ROUND_TIP = ((0.8, 1.0), (0.35, 0.78), (0.06, 0.38))       # distance from the tip and radius, in radii


@dataclass(frozen=True)
class FingerSkin:
    """vertices (V, 3) metres in SMPL's rest frame; quads (F, 4), against the clock seen from outside; weights (V, 54)."""
    vertices: np.ndarray
    quads: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class _Ring:
    """A ring: its middle's way along a finger (bone 0 to 2, and metres from its joint), radius in metres, and the weight of that
    bone, the others being the bone's before it, which is the wrist for the first."""
    bone: int
    along: float
    radius: float
    weight: float = 1.0


def build_fingers(rest_joints: np.ndarray) -> FingerSkin:
    """Return the skin of both hands' fingers of a body with rest joints (24, 3) in metres."""
    joints, tips = compute_finger_joints(rest_joints)
    chains = np.concatenate((joints.reshape(-1, FINGER_JOINTS, 3), tips[:, None]), axis=1)
    vertices: list[np.ndarray] = []
    quads, weights = [], []
    names = [(side, finger) for side in SIDES for finger in FINGERS]
    for number, ((side, finger), chain) in enumerate(zip(names, chains, strict=True)):
        rings = _place_rings(chain, find_hand_scale(rest_joints, side) * np.array(_RADII[finger]))
        first = JOINT_COUNT + FINGER_JOINTS * number
        bones = [JOINT[f"{side}_wrist"], first, first + 1, first + 2]
        quads.append(_join_rings(len(rings)) + sum(len(part) for part in vertices))
        vertices.append(_make_vertices(rings, chain, finger, side))
        weights.append(_make_weights(rings, bones))
    return FingerSkin(np.concatenate(vertices), np.concatenate(quads), np.concatenate(weights))


def _place_rings(chain: np.ndarray, radii: np.ndarray) -> list[_Ring]:
    """Return the rings of a finger with joints and tip (4, 3) and radii (4,), in metres, from inside the palm to the tip."""
    lengths = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    rings = [_Ring(0, -_BESIDE * radii[0], _BESIDE * radii[0], 0.0)]
    for bone, (length, near, far) in enumerate(zip(lengths, radii[:-1], radii[1:], strict=True)):
        rings += [_Ring(bone, 0.0, near, 0.5), _Ring(bone, _BESIDE * near, near)]
        if bone < FINGER_JOINTS - 1:
            rings.append(_Ring(bone, length - _BESIDE * far, far))
        else:
            rings += [_Ring(bone, length - distance * far, share * far) for distance, share in _ROUND_TIP]
    return rings


def _make_vertices(rings: list[_Ring], chain: np.ndarray, finger: str, side: str) -> np.ndarray:
    along, axis = find_finger_direction(finger, side), find_flexion_axis(finger, side)
    angles = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    circle = np.cos(angles)[:, None] * axis + np.sin(angles)[:, None] * np.cross(along, axis)
    return np.concatenate([chain[ring.bone] + ring.along * along + ring.radius * circle for ring in rings])


def _make_weights(rings: list[_Ring], bones: list[int]) -> np.ndarray:
    """Return weights (V, 54); `bones` are the joints of the wrist and the finger's three bones."""
    weights = np.zeros((len(rings), len(FULL_JOINT_NAMES)))
    for row, ring in zip(weights, rings, strict=True):
        row[bones[ring.bone]] = 1.0 - ring.weight
        row[bones[ring.bone + 1]] = ring.weight
    return np.repeat(weights, _CORNERS, axis=0)


def _join_rings(count: int) -> np.ndarray:
    """Return the quads (F, 4) of a tube of so many rings, closed at both ends."""
    corners = np.arange(_CORNERS)
    further = np.roll(corners, -1)
    sides = [np.column_stack((start + corners, start + further, start + _CORNERS + further, start + _CORNERS + corners))
             for start in _CORNERS * np.arange(count - 1)]
    half = np.arange(_CORNERS // 2 - 1)
    cap = np.column_stack((half, half + 1, _CORNERS - 2 - half, _CORNERS - 1 - half))
    return np.concatenate((*sides, cap[:, ::-1], _CORNERS * (count - 1) + cap))
