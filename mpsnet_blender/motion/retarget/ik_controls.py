"""IK controls, placed so that IK reproduces the pose that the rotations give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...shared.bone_slots import LIMB_END
from ..base.quaternions import conjugate, multiply, turn
from ..base.rotations import quat_from_rotmat
from .limb_correction import find_bend_hints
from .posing import Posing

_POLE_DISTANCE = 0.8  # of the limb's length, from its middle joint; chosen by eye: near poles flip, far ones are hard to find
# Of the limb's length: where the middle joint lies farther off the line between the ends, its side gives the pole's direction.
# 2 cm on a leg, where the knee is bent by about 7°; chosen by eye.
_BENT = 0.03

Moved = Callable[[int], np.ndarray]


def pose_controls(posing: Posing, bone_map: dict[str, str], controls: dict[str, str]) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of the controls of hands and feet: turned from rest as hand and foot are."""
    found = {}
    for slot, control in controls.items():
        if slot in LIMB_END and not slot.endswith("foot"):
            continue  # a pole does not turn
        bone, number = posing.rig.index[bone_map[slot]], posing.rig.index[control]
        rests = [quat_from_rotmat(posing.rig.rotmats[index]) for index in (bone, number)]
        found[number] = multiply(posing.wanted[bone], multiply(conjugate(rests[0]), rests[1]))
    return found


def place_controls(posing: Posing, bone_map: dict[str, str], controls: dict[str, str], moved: Moved) -> dict[int, np.ndarray]:
    """Return how far (T, 3), in metres of the world, each control must go from where its parents take it.

    `moved(bone)` returns how far (T, 3) the locations of a bone and its ancestors move it. Hand and foot controls keep their
    offset from the joint; poles lie in the plane of the limb, away from the middle joint.
    """
    rig = posing.rig
    found = {}
    for slot, control in controls.items():
        bone, number = rig.index[bone_map[slot]], rig.index[control]
        if slot in LIMB_END and not slot.endswith("foot"):
            place = _place_pole(posing, bone_map, slot, moved)
        else:
            turned = multiply(posing.wanted[bone], conjugate(quat_from_rotmat(rig.rotmats[bone])))
            place = posing.head(bone) + moved(bone) + turn(turned, rig.heads[number] - rig.heads[bone])
        found[number] = place - posing.head(number) - moved(number)
    return found


def _place_pole(posing: Posing, bone_map: dict[str, str], slot: str, moved: Moved) -> np.ndarray:
    """Return where (T, 3) the pole of an upper arm or a thigh lies."""
    middle, end = LIMB_END[slot], LIMB_END[LIMB_END[slot]]
    bones = [posing.rig.index[bone_map[name]] for name in (slot, middle, end)]
    root, joint, tip = (posing.head(bone) + moved(bone) for bone in bones)
    length = np.linalg.norm(joint - root, axis=1) + np.linalg.norm(tip - joint, axis=1)
    line = (tip - root) / np.maximum(np.linalg.norm(tip - root, axis=1, keepdims=True), 1e-9)
    off = joint - root - np.sum((joint - root) * line, axis=1, keepdims=True) * line
    # The bend of a limb gives the pole's direction. The straighter the limb, the more the hint counts instead.
    straightness = np.maximum(1 - np.linalg.norm(off, axis=1) / (_BENT * length), 0)
    away = off + (straightness * _BENT * length)[:, None] * find_bend_hints(posing, bone_map, slot, bones[0])
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    return joint + _POLE_DISTANCE * length[:, None] * away
