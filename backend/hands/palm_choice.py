"""A palm seen edge on looks the same from both sides: the forearm tells which of the two it is."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ..base.rotations import split_swing_and_twist, transpose
from .hand_fit import FittedHand, SeenHand, fit_hand

_ALONG = np.array((1.0, 0.0, 0.0))      # a left forearm, in the rest pose
# The ranges of motion, with what forearms err, most of all those of straight arms: of the wrist's bend, and of the hand's twist
# about the forearm, from where the thumb points to the shoulder of a bent arm. In the T-pose it does so too.
_MOST_BEND, _MOST_TWIST = np.radians(80), np.radians(110)
_EXCESS_SIGMA = np.radians(15)          # of angles beyond; by eye


def measure_excess(palm: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """Return by how many radians (T,) palms are beyond what wrists can do; both (T, 3, 3) are rotations from a left arm's rest
    pose to the same axes, the forearm's without its twist."""
    bend, twist = split_swing_and_twist(transpose(forearm) @ palm, _ALONG)
    return np.maximum(np.linalg.norm(bend, axis=1) - _MOST_BEND, 0.0) + np.maximum(np.abs(twist) - _MOST_TWIST, 0.0)


def choose_palms(seen: SeenHand, fitted: FittedHand, forearm: np.ndarray) -> tuple[FittedHand, np.ndarray]:
    """Return the fitted hand, and how far (T,) palms are beyond what wrists can do, radians.

    Where they are, depths may have been read the wrong way round. The hand of reversed depths is taken in the frames in which it
    fits the forearm (T, 3, 3) better.
    """
    excess = measure_excess(fitted.palm, forearm)
    rows = np.flatnonzero(excess > 0)
    if not len(rows):
        return fitted, excess
    other = fit_hand(SeenHand(seen.plane[rows], -seen.depth[rows], seen.distance[rows]))
    other_excess = measure_excess(other.palm, forearm[rows])
    better = other.cost + (other_excess / _EXCESS_SIGMA) ** 2 < fitted.cost[rows] + (excess[rows] / _EXCESS_SIGMA) ** 2
    chosen = {}
    for item in fields(FittedHand):
        values = getattr(fitted, item.name).copy()
        values[rows[better]] = getattr(other, item.name)[better]
        chosen[item.name] = values
    excess[rows[better]] = other_excess[better]
    return replace(fitted, **chosen), excess
