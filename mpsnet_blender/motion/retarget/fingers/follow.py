"""The rotations with which a character's fingers follow the source's, whatever bones the two have and however they rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....shared.bone_slots import FINGER_NAMES, SIDES
from ...base.quaternions import conjugate, multiply, slerp
from ...base.rig import Rig
from ...base.rotations import quat_from_rotmat
from ..mapped_rigs import MappedMotion
from .frames import LONG_FINGERS, PLACES, find_finger_frames, find_finger_slots, find_palm


def follow_fingers(motion: MappedMotion, rig: Rig, bone_map: dict[str, str],
                   aligned: dict[str, np.ndarray]) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) by bone of the fingers of the character, whose `rig` rests as the source does.

    With O(t) the frame of a source's finger bone in the world, and G and R the frame and the rotation of the character's bone at
    rest, that bone gets O(t) G^-1 R. `aligned` are the alignments A by slot. Where the hand that A gives lies with its palm
    otherwise, by Q = A P_character P_source^-1, a finger turns with it: by H(t) Q H(t)^-1, H(t) being the source's hand's turn.
    """
    found: dict[int, np.ndarray] = {}
    for side in SIDES:
        theirs, ours = find_finger_frames(motion.rig, motion.bone_map, side), find_finger_frames(rig, bone_map, side)
        posed = {slot: multiply(motion.rotations[slot], quat_from_rotmat(_rest(motion, slot).T @ frame))
                 for slot, frame in theirs.items()}
        palm = _find_palm_turn(motion, rig, bone_map, aligned, side) if posed and ours else None
        for finger in FINGER_NAMES:
            source = _find_nearest_finger(posed, finger, side)
            slots = [slot for slot in find_finger_slots(bone_map, side, finger) if slot in ours]
            for slot in slots if source else ():
                frames = _pose_place(posed, f"{side}_{source}", int(slot[-1]), slot == slots[-1])
                if frames is not None:
                    bone = rig.index[bone_map[slot]]
                    turned = frames if palm is None else multiply(palm, frames)
                    found[bone] = multiply(turned, quat_from_rotmat(ours[slot].T @ rig.rotmats[bone]))
    return found


def _find_nearest_finger(posed: dict[str, np.ndarray], finger: str, side: str) -> str | None:
    """Return the source's finger that a finger follows: the same one, or else the nearest but the thumb."""
    def is_there(name: str) -> bool:
        return any(f"{side}_{name}{place}" in posed for place in PLACES)

    if is_there(finger):
        return finger
    near = [name for name in LONG_FINGERS if is_there(name)] if finger in LONG_FINGERS else []
    return min(near, key=lambda name: abs(LONG_FINGERS.index(name) - LONG_FINGERS.index(finger)), default=None)


def _pose_place(posed: dict[str, np.ndarray], finger: str, place: int, is_last: bool) -> np.ndarray | None:
    """Return the frame (T, 4) that the bone at a place of a finger takes. The last of fewer bones than the source has stands for
    two of them: it lies halfway between."""
    here, next_one = posed.get(f"{finger}{place}"), posed.get(f"{finger}{place + 1}")
    if here is None or next_one is None or not is_last:
        return here
    return slerp(here, next_one, 0.5)


def _find_palm_turn(motion: MappedMotion, rig: Rig, bone_map: dict[str, str], aligned: dict[str, np.ndarray],
                    side: str) -> np.ndarray | None:
    """Return H(t) Q H(t)^-1 (T, 4); None where the source's hand does not turn by itself."""
    hand, theirs, ours = f"{side}_hand", find_palm(motion.rig, motion.bone_map, side), find_palm(rig, bone_map, side)
    if theirs is None or ours is None or hand not in motion.rotations or hand not in aligned:
        return None
    turned = multiply(motion.rotations[hand], quat_from_rotmat(_rest(motion, hand).T))
    between = multiply(aligned[hand], quat_from_rotmat(ours @ theirs.T))
    return multiply(turned, multiply(between, conjugate(turned)))


def _rest(motion: MappedMotion, slot: str) -> np.ndarray:
    return motion.rig.rotmats[motion.rig.index[motion.bone_map[slot]]]


def hang_fingers_on_hands(rig: Rig, bone_map: dict[str, str]) -> Rig:
    """Return the rig with each finger whose hand is no ancestor of it as that hand's child.

    In control rigs, fingers hang on a bone that a constraint lets follow the hand's control.
    """
    parents = rig.parents.copy()
    for side in SIDES:
        if f"{side}_hand" not in bone_map:
            continue
        hand = rig.index[bone_map[f"{side}_hand"]]
        chains = [find_finger_slots(bone_map, side, finger) for finger in FINGER_NAMES]
        for first in (rig.index[bone_map[slots[0]]] for slots in chains if slots):
            if not rig.is_above(hand, first) and not rig.is_above(first, hand):
                parents[first] = hand
    return rig if (parents == rig.parents).all() else replace(rig, parents=parents)
