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
# How far (sigma) wrists mostly bend and hands twist, and the bend from which on the palm's other side is tried. On rendered
# gestures palms of the wrong side bent by 60 degrees and more, those of the right side by 5 to 40.
_BEND_SIGMA, _TWIST_SIGMA, _DOUBTFUL_BEND = np.radians(30), np.radians(80), np.radians(50)


def measure_excess(palm: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """Return by how many radians (T,) palms are beyond what wrists can do; both (T, 3, 3) are rotations from a left arm's rest
    pose to the same axes, the forearm's without its twist."""
    bend, twist = _measure_turns(palm, forearm)
    return np.maximum(bend - _MOST_BEND, 0.0) + np.maximum(twist - _MOST_TWIST, 0.0)


def _measure_turns(palm: np.ndarray, forearm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much (T,) wrists are bent and hands twisted, radians."""
    bend, twist = split_swing_and_twist(transpose(forearm) @ palm, _ALONG)
    return np.linalg.norm(bend, axis=1), np.abs(twist)


def _measure_strain(palm: np.ndarray, forearm: np.ndarray) -> np.ndarray:
    """Return the cost (T,) of palms that are seldom, or never, turned so."""
    bend, twist = _measure_turns(palm, forearm)
    return (bend / _BEND_SIGMA) ** 2 + (twist / _TWIST_SIGMA) ** 2 + (measure_excess(palm, forearm) / _EXCESS_SIGMA) ** 2


def choose_palms(seen: SeenHand, fitted: FittedHand, forearm: np.ndarray) -> tuple[FittedHand, np.ndarray]:
    """Return the fitted hand, and how far (T,) palms are beyond what wrists can do, radians.

    Where they are, or are bent far, depths may have been read the wrong way round. The hand of reversed depths is taken in the
    frames in which it fits the forearm (T, 3, 3) better.
    """
    excess = measure_excess(fitted.palm, forearm)
    rows = np.flatnonzero((excess > 0) | (_measure_turns(fitted.palm, forearm)[0] > _DOUBTFUL_BEND))
    if not len(rows):
        return fitted, excess
    other = fit_hand(SeenHand(seen.plane[rows], -seen.depth[rows], seen.distance[rows]))
    better = other.cost + _measure_strain(other.palm, forearm[rows]) \
        < fitted.cost[rows] + _measure_strain(fitted.palm[rows], forearm[rows])
    chosen = {}
    for item in fields(FittedHand):
        values = getattr(fitted, item.name).copy()
        values[rows[better]] = getattr(other, item.name)[better]
        chosen[item.name] = values
    chosen_hand = replace(fitted, **chosen)
    return chosen_hand, measure_excess(chosen_hand.palm, forearm)
