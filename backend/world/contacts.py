"""Contact confidences of heels and toes with the floor, by a small network on their measures (`foot_measures`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from .foot_measures import SeenFeet, measure_feet

WEIGHTS = Path(__file__).parents[1] / "weights" / "contacts.npz"
_SEEN_WEIGHT = 0.05     # of a foot's landmark from which on a view counts as seeing it; by eye


def find_contacts(feet: SeenFeet) -> np.ndarray:
    """Return contact confidences (T, 4) in 0..1 of left heel, left toes, right heel, right toes; 0 in clips of two frames."""
    if len(feet.timestamps) < 3:
        return np.zeros(feet.posed.shape[:2])
    measures = measure_feet(feet)
    return np.concatenate([confidence(measures[rows], _weights()) for rows in frame_blocks(len(measures))])


def find_contacts_by_views(views: Sequence[SeenFeet], weights: np.ndarray) -> np.ndarray:
    """Return contact confidences (T, 4) of feet that one camera or several see, with weights (V, T, 4) in 0..1.

    A foot that goes towards a camera seems to stand there: what stands does so in all views that see it.
    """
    found = np.stack([find_contacts(feet) for feet in views])
    counts = (weights > _SEEN_WEIGHT) | (weights == weights.max(0))
    return np.where(counts, found, 1.0).min(0)


def confidence(measures: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the logistic function of one hidden layer of tanh over measures (..., N); written by `training.contacts`."""
    hidden = np.tanh(measures @ weights["first"] + weights["first_offset"])
    return 1 / (1 + np.exp(-(hidden @ weights["last"] + weights["last_offset"])))


@lru_cache(maxsize=1)
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays}
