"""Corrects fitted hands: a small network knows the landmark model's habits, such as fists that it reads too open.

It is trained by `training.hand_corrections` on rendered hands. Without torch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from .hand_fit import FittedHand
from .hand_shape import list_turns

WEIGHTS = Path(__file__).parents[1] / "weights" / "hand_corrections.npz"
_LAYERS = 3


def make_inputs(hand: FittedHand) -> np.ndarray:
    """Return the network's inputs (T, N): angles, the palm's rotation, and what the landmarks miss, in the palm's axes too."""
    count = len(hand.angles)
    in_palm = np.einsum("tij,tki->tkj", hand.palm, hand.missed)
    return np.concatenate([hand.angles, hand.palm.reshape(count, 9), hand.missed.reshape(count, -1),
                           in_palm.reshape(count, -1)], axis=1).astype(np.float32)


def correct(hand: FittedHand, path: Path = WEIGHTS) -> FittedHand:
    """Return the hand with corrected palm and angles, within the joints' limits."""
    with np.load(path, allow_pickle=False) as arrays:
        weights = {name: arrays[name].astype(np.float32) for name in arrays}
    values = (make_inputs(hand) - weights["mean"]) / weights["scale"]
    for layer in range(_LAYERS):
        values = values @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
        values = np.maximum(values, 0.0) if layer < _LAYERS - 1 else values
    low, high = np.radians([turn.degrees[:2] for turn in list_turns()]).T
    turned = hand.palm @ Rotation.from_rotvec(values[:, :3].astype(float)).as_matrix()
    return replace(hand, palm=turned, angles=np.clip(hand.angles + values[:, 3:], low, high))
