"""The direction of gravity from people who keep their balance: their centre of mass stays over the feet that carry them."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.motion.cleanup.balance import find_centre_of_mass, find_stretched_frames

from ..camera.vertical_lines import Vertical, down_in_camera
from .soles import find_soles

_CAMERA_DOWN = np.array((0.0, 1.0, 0.0))       # gravity in the axes of a level camera
_LEAST_COSINE = 0.7             # of 45 degrees: what leans more from the last estimate lies, hangs or falls
_CARRYING_METRES = 0.05         # a foot this much higher than the lower one carries a third of its load: the error of a sole
# Of the load on a foot, the heel's and the toes' share: SMPL's standing body is in balance 2 to 3 cm ahead of its ankles.
_HEEL_AND_TOES = np.array((0.75, 0.25, 0.75, 0.25))
_ROUNDS = 4                     # of the direction and the carrying feet, each from the other; it settles in two or three
# Sigmas of the camera's pitch and roll by one person's median: 3.3 and 1.5 degrees were measured on 22 people before real and
# rendered cameras pitched by 2 to 25 degrees (the pose errs in depth). The line from feet to neck, used before, had rolls
# 11 degrees off where a man leans and keeps his balance.
_PITCH_SIGMA, _ROLL_SIGMA = np.radians(4), np.radians(2)
_SWAY_SECONDS = 1.0             # over which a body that sways or walks is off its feet to the same side
_TO_SIGMA = 1.4826              # from a median distance to the sigma of a normal distribution


def find_upright(people: list[CameraMotion], contacts: list[np.ndarray] | None, votes: np.ndarray) -> Vertical | None:
    """Return the direction of gravity in the camera's axes at which people are in balance; None where nobody stands.

    contacts: each person's (T, 4), or None where they are not known yet: then the lower foot carries. votes (P,): the weights of
    people. A person who sways has less weight.
    """
    leans, sigmas, weights = [], [], []
    for number, person in enumerate(people):
        up = find_balanced(person, contacts[number] if contacts else None)
        if not len(up):
            continue
        lean = np.stack([np.arcsin(-up[:, 2]), np.arctan2(-up[:, 0], -up[:, 1])], axis=1)      # pitch and roll of -up
        middle = np.median(lean, axis=0)
        spread = _TO_SIGMA * np.median(np.abs(lean - middle), axis=0)
        seconds = len(up) / len(person.timestamps) * float(np.ptp(person.timestamps))
        sigma = np.hypot((_PITCH_SIGMA, _ROLL_SIGMA), spread / np.sqrt(max(seconds / _SWAY_SECONDS, 1.0)))
        leans.append(middle)
        sigmas.append(sigma)
        weights.append(votes[number] / sigma ** 2)
    if not leans or not np.sum(weights):
        return None
    pitch, roll = (_interpolated_median(np.array(leans)[:, axis], np.array(weights)[:, axis]) for axis in (0, 1))
    # The errors of several people seen by one camera are alike: together they are no surer than the surest.
    return Vertical(down_in_camera(np.array(pitch), np.array(roll)), np.min(sigmas, axis=0))


def find_balanced(person: CameraMotion, contacts: np.ndarray | None = None) -> np.ndarray:
    """Return the directions (N, 3) from the carrying feet to the centre of mass, in the camera's axes, while the person stands.

    contacts (T, 4) as in `contacts.find_contacts`; by default the lower foot carries. Over a second or more a body that does not
    fall has its centre of mass over its feet in the mean, however it leans or walks.
    """
    joints = person.joints()
    centre = find_centre_of_mass(joints)
    is_stretched = find_stretched_frames(joints)
    down, directions = _CAMERA_DOWN, np.zeros((0, 3))
    for _ in range(_ROUNDS):
        soles = find_soles(joints, person.stature, down)
        load = _find_load(soles, down) if contacts is None else contacts
        share = np.repeat(load[:, ::2] + load[:, 1::2], 2, axis=1) * _HEEL_AND_TOES
        foot = (share[..., None] * soles).sum(1) / np.maximum(share.sum(1), 1e-9)[:, None]
        up = centre - foot
        length = np.linalg.norm(up, axis=1)
        stands = is_stretched & (load.max(1) > 0.5) & (-(up @ down) > _LEAST_COSINE * length)
        directions = up[stands] / length[stands, None]
        if not len(directions):
            break
        middle = directions.mean(0)
        down = -middle / np.linalg.norm(middle)
    return directions


def _find_load(soles: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return how much each sole carries (T, 4), 1 for the lowest."""
    drop = soles @ down
    return np.exp((drop - drop.max(1, keepdims=True)) / _CARRYING_METRES)


def _interpolated_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the value with half of the weight on each side, interpolated: two of equal weight give their mean."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(weights.sum() / 2, reached, values[order]))
