"""Corrects fitted hands: a small network knows the landmark model's habits, such as fists that it reads too open.

It is trained by `training.hand_corrections` on rendered hands. Without torch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..hands.landmarks import WRIST
from .hand_fit import FittedHand, SeenHand
from .hand_shape import list_turns

WEIGHTS = Path(__file__).parents[1] / "weights" / "hand_corrections.npz"
_LAYERS = 3
_UPWARDS = (5, 9, 9, 13)        # knuckles whose mean lies above the wrist in the picture that the landmark model gets


def make_inputs(hand: FittedHand, seen: SeenHand) -> np.ndarray:
    """Return the network's inputs (T, N): angles, the palm's rotation, and what the landmarks miss, in the palm's axes too.

    The hand is turned as in the landmark model's picture, with its fingers upwards: so hands that differ by such a turn alone
    have the same inputs.
    """
    count = len(hand.angles)
    upright = _turn_upwards(seen)
    palm, missed = upright @ hand.palm, np.einsum("tij,tkj->tki", upright, hand.missed)
    in_palm = np.einsum("tij,tki->tkj", palm, missed)
    return np.concatenate([hand.angles, palm.reshape(count, 9), missed.reshape(count, -1), in_palm.reshape(count, -1)],
                          axis=1).astype(np.float32)


def _turn_upwards(seen: SeenHand) -> np.ndarray:
    """Return the rotations (T, 3, 3) about the line of sight that take the hand's direction upwards (-y)."""
    along = seen.plane[:, _UPWARDS].mean(1) - seen.plane[:, WRIST]
    angle = np.arctan2(along[:, 0], -along[:, 1])
    return Rotation.from_rotvec(-angle[:, None] * (0.0, 0.0, 1.0)).as_matrix()


def correct(hand: FittedHand, seen: SeenHand, path: Path = WEIGHTS) -> FittedHand:
    """Return the hand with corrected palm and angles, within the joints' limits."""
    with np.load(path, allow_pickle=False) as arrays:
        weights = {name: arrays[name].astype(np.float32) for name in arrays}
    values = (make_inputs(hand, seen) - weights["mean"]) / weights["scale"]
    for layer in range(_LAYERS):
        values = values @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
        values = np.maximum(values, 0.0) if layer < _LAYERS - 1 else values
    low, high = np.radians([turn.degrees[:2] for turn in list_turns()]).T
    turned = hand.palm @ Rotation.from_rotvec(values[:, :3].astype(float)).as_matrix()
    return replace(hand, palm=turned, angles=np.clip(hand.angles + values[:, 3:], low, high))
