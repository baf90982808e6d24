"""Twist bones of forearms: they take half of the hand's rotation about the forearm, so that the skin does not collapse."""

from __future__ import annotations

import numpy as np

from ...shared.bone_slots import SIDES
from ..base.quaternions import conjugate, multiply, slerp, twist_about
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat

_SHARE = 0.5  # the twist bone lies about halfway between elbow and wrist, and pronation spreads evenly along the forearm


def share_twists(rig: Rig, bone_map: dict[str, str], wanted: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of the mapped twist bones, from those of forearms and hands.

    With F and H their rotations and F0, H0 at rest, the hand has turned by D = F^-1 H H0^-1 F0 in the forearm's axes.
    """
    found = {}
    for side in SIDES:
        slots = [f"{side}_{part}" for part in ("forearm", "hand", "forearm_twist")]
        if any(slot not in bone_map for slot in slots):
            continue
        forearm, hand, twist = (rig.index[bone_map[slot]] for slot in slots)
        if forearm not in wanted or hand not in wanted:
            continue
        rests = [quat_from_rotmat(rig.rotmats[bone]) for bone in (forearm, hand, twist)]
        turned = multiply(multiply(conjugate(wanted[forearm]), wanted[hand]), multiply(conjugate(rests[1]), rests[0]))
        axis = rig.rotmats[forearm].T @ (rig.heads[hand] - rig.heads[forearm])
        half = slerp(np.array((1.0, 0, 0, 0)), twist_about(turned, axis / max(np.linalg.norm(axis), 1e-9)), _SHARE)
        found[twist] = multiply(wanted[forearm], multiply(half, multiply(conjugate(rests[0]), rests[2])))
    return found
