"""What the bundle of several views looks for, and how it lies in one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Sizes of steps, of the order of the first guess's errors: radians, metres, seconds; logarithm of a focal length; radians.
_TURN_STEP, _MOVE_STEP, _DELAY_STEP, _ZOOM_STEP, _TILT_STEP = 0.1, 0.3, 0.01, 0.05, 0.05
# The gain of a phone's clock (sigma): quartz is up to 50 millionths off, rates that files state more.
GAIN_SIGMA = 1e-4
# The logarithm of a person's stature over that of all people (sigma): of grown-ups; children differ more, and move it at a cost.
STATURE_SIGMA = 0.07
# The logarithm of a path's scale (sigma), as one view alone finds it from feet that stand still.
PATH_SIGMA = 0.3


@dataclass(frozen=True)
class Unknowns:
    """Of all cameras but the first one: turns (V - 1, 3) as rotation vectors and moves (V - 1, 3) m from the first guess,
    delays (V - 1,) s and clocks' gains (V - 1,). Of all cameras: zooms (V,) and scales (V,) of their paths. tilt (2,): what is
    added to the first camera's pitch and roll, radians; statures (P,) of the people over those that each view alone has."""
    turns: np.ndarray
    moves: np.ndarray
    delays: np.ndarray
    gains: np.ndarray
    zooms: np.ndarray
    scales: np.ndarray
    tilt: np.ndarray
    statures: np.ndarray


@dataclass(frozen=True)
class Layout:
    """How the unknowns lie in a vector (N,) in which all errors of the first guess are of the order of 1, and 0 is the guess.

    is_timed (V - 1): the time of that view is known; travels (V): that camera's path has a scale; drifts: clocks' gains are
    looked for; people: their number. What is not looked for has no place in the vector.
    """
    is_timed: Sequence[bool]
    travels: Sequence[bool]
    drifts: bool
    people: int

    @property
    def _sizes(self) -> tuple[int, ...]:
        others = len(self.travels) - 1
        statures = self.people if self.people > 1 else 0        # a single person gives the scale
        return 7 * others, others + 1, 2, others if self.drifts else 0, statures, sum(self.travels)

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(self._sizes)

    def read(self, state: np.ndarray) -> Unknowns:
        """Return the unknowns of a vector (N,)."""
        steps, zooms, tilt, gains, statures, scales = np.split(state, np.cumsum(self._sizes)[:-1])
        steps = steps.reshape(-1, 7)
        delays = np.where(self.is_timed, 0.0, steps[:, 6] * _DELAY_STEP)
        gains = np.where(self.is_timed, 0.0, gains * GAIN_SIGMA) if self.drifts else np.zeros(len(steps))
        path_scales = np.ones(len(self.travels))
        path_scales[np.flatnonzero(self.travels)] = np.exp(PATH_SIGMA * scales)
        taller = np.exp(STATURE_SIGMA * statures) if len(statures) else np.ones(self.people)
        return Unknowns(steps[:, :3] * _TURN_STEP, steps[:, 3:6] * _MOVE_STEP, delays, gains, np.exp(zooms * _ZOOM_STEP),
                        path_scales, tilt * _TILT_STEP, taller)
