"""Who walks while hidden walks on: the steps before and after fill the hidden frames, in which interpolated legs would glide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smoothing import eased, frame_seconds
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.rotations import transposed
from ..base.smoothing import nearest_rotmats

_SHORTEST, _LONGEST = 0.15, 2.5     # seconds hidden: less is interpolated well, in more anything may happen
_LEAST_BESIDE, _MOST_BESIDE = 1.5, 2.5      # seconds seen beside, in which steps are looked for
_SAMPLE = 0.02                      # seconds between samples of the swing
_PERIODS = np.arange(30, 81)        # samples that two steps may take: 0.6 to 1.6 s
_LEAST_OVERLAP = 20                 # samples that must be seen twice, a period apart
_LEAST_PERIODICITY, _LEAST_SWING = 0.6, 0.12    # as a correlation; radians (root mean square) between both hips
_NEXT = 40                          # samples next to the span, in which the legs must swing
_PERIOD_RANGE = np.linspace(0.88, 1.12, 25)
_UNLIKENESS, _PERIOD_SPREAD = 0.005, 0.04       # of one's own steps: mean squared entries of legs' rotations; share of a period
_MOST_APART = 0.012                 # likewise: legs farther apart (some 13 degrees) do not go on with the same steps
_AGREEING_SECONDS, _FADE_SECONDS = 0.2, 0.2     # where only one side walks; over which steps leave what was seen, and join it
_SIDES = ("left", "right")
_LEGS = np.array([[JOINT[f"{side}_{name}"] for side in _SIDES] for name in ("hip", "knee")])


@dataclass(frozen=True)
class _Beside:
    """Frames seen on one side of a hidden span: rotmats (N, 24, 3, 3) at times (N,) s.

    moves: whether the legs swing next to the span, as far as so many frames tell; period: seconds that two steps take, 0
    where none are made out.
    """
    rotmats: np.ndarray
    times: np.ndarray
    moves: bool
    period: float

    def at(self, times: np.ndarray, period: float) -> np.ndarray:
        """Return matrices (T, 24, 3, 3) at times (T,) s, which lie beyond: those of the nearest moment whole periods away."""
        back = np.where(times >= self.times[-1], np.floor((times - self.times[-1]) / period) + 1, 0)
        ahead = np.where(times <= self.times[0], np.floor((self.times[0] - times) / period) + 1, 0)
        return self.between(times + (ahead - back) * period)

    def between(self, times: np.ndarray) -> np.ndarray:
        """Return matrices (T, 24, 3, 3) interpolated at times (T,) s."""
        row = np.clip(np.searchsorted(self.times, times) - 1, 0, len(self.times) - 2)
        share = np.clip((times - self.times[row]) / (self.times[row + 1] - self.times[row]), 0, 1)[:, None, None, None]
        return (1 - share) * self.rotmats[row] + share * self.rotmats[row + 1]


def step_through(rotmats: np.ndarray, timestamps: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return rotations (T, 24, 3, 3), parent-relative, in which who walks before or after being hidden walks on meanwhile.

    timestamps (T,) s; seen (T,): where the person was observed, elsewhere poses are interpolated. A hidden pose becomes that
    of whole periods earlier, crossfaded into that of whole periods later; of one side's where only there steps are made out.
    The pelvis is left as it is, and so is who stands on either side, or moves without a period.
    """
    stepped = rotmats.copy()
    if len(timestamps) < 3:
        return stepped
    step = frame_seconds(timestamps)
    hidden = _without_brief(~seen, _SHORTEST / step)
    hidden = ~_without_brief(~hidden, _SHORTEST / step)     # whom a frame or two show between is hidden all the while
    breaks = (np.diff(hidden.astype(int)) != 0) | (np.diff(timestamps) > max(_SHORTEST, 2.5 * step))
    parts = np.split(np.arange(len(seen)), np.flatnonzero(breaks) + 1)
    for earlier, span, later in zip(parts, parts[1:], parts[2:]):
        if not hidden[span[0]] or timestamps[later[0]] - timestamps[earlier[-1]] > _LONGEST:
            continue
        before = _beside(rotmats, timestamps, earlier[timestamps[earlier] >= timestamps[earlier[-1]] - _MOST_BESIDE])
        after = _beside(rotmats, timestamps, later[timestamps[later] <= timestamps[later[0]] + _MOST_BESIDE], is_after=True)
        if (before.period or after.period) and before.moves and after.moves:
            period = _agreed_period(before, after, timestamps[span])
            stepped[span, 1:] = (_steps(before, after, timestamps[span], period) if period else rotmats[span])[:, 1:]
    return stepped


def _without_brief(where: np.ndarray, fewest: float) -> np.ndarray:
    """Return `where` (T,) without the runs of fewer frames."""
    runs = np.split(where, np.flatnonzero(np.diff(where)) + 1)
    return np.concatenate([run & (len(run) >= fewest) for run in runs])


def _beside(rotmats: np.ndarray, timestamps: np.ndarray, rows: np.ndarray, is_after: bool = False) -> _Beside:
    """Return the frames of these rows, which end or (is_after) begin at the span, and what their legs do."""
    times = timestamps[rows]
    still = _Beside(rotmats[rows], times, False, 0.0)
    if len(rows) < 3:
        return still
    swing = _swing(still.between(np.arange(times[0], times[-1], _SAMPLE))[:, _LEGS])
    nearest = swing[:_NEXT] if is_after else swing[-_NEXT:]
    # In less than that a leg may just be turning round: it is believed to walk.
    if len(nearest) == _NEXT and nearest[:, 0].std() < _LEAST_SWING:
        return still
    return replace(still, moves=True, period=_period(swing) if times[-1] - times[0] >= _LEAST_BESIDE else 0.0)


def _period(swing: np.ndarray) -> float:
    """Return the period in seconds of a swing (N, 2), by its correlation with itself; 0 where it has none.

    Half a period on, walking legs have changed places: the correlation there must be as negative as it is positive at the
    whole period, which a pose that only lasts, or drifts, does not do.
    """
    swing = swing - swing.mean(0)
    periods = _PERIODS[: max(len(swing) - _LEAST_OVERLAP - _PERIODS[0] + 1, 0)]
    periodicity = np.array([(_correlation(swing, lag) - _correlation(swing, lag // 2)) / 2 for lag in periods])
    best = int(periodicity.argmax())
    return float(periods[best] * _SAMPLE) if periodicity[best] >= _LEAST_PERIODICITY else 0.0


def _swing(legs: np.ndarray) -> np.ndarray:
    """Return how far hips and knees (T, 2) are bent, left less right, in radians, of rotations (T, 2, 2, 3, 3)."""
    bend = np.arctan2(legs[..., 2, 1], legs[..., 1, 1])
    return bend[..., 0] - bend[..., 1]


def _correlation(swing: np.ndarray, lag: int) -> float:
    first, second = swing[:-lag], swing[lag:]
    return float((first * second).sum() / np.sqrt(max((first ** 2).sum() * (second ** 2).sum(), 1e-12)))


def _steps(before: _Beside, after: _Beside, times: np.ndarray, period: float) -> np.ndarray:
    """Return the rotations (T, 24, 3, 3) of a hidden span at times (T,) s, for a period in seconds."""
    start, end = before.times[-1], after.times[0]
    whole = np.concatenate([[start], times, [end]])
    share = (whole - start) / (end - start) if before.period and after.period else np.full(len(whole), float(not before.period))
    share = eased(share)[:, None, None, None]
    walked = sum(part * own.at(whole, period) for part, own in ((1 - share, before), (share, after)) if own.period)
    walked = nearest_rotmats(walked.reshape(-1, 3, 3)).reshape(walked.shape)
    fade = min(_FADE_SECONDS, (end - start) / 2)
    for own, edge, seen in ((before, start, before.rotmats[-1]), (after, end, after.rotmats[0])):
        left = 1 - eased(np.abs(whole - edge) / fade)
        missing = Rotation.from_matrix(transposed(walked[-1 if own is after else 0]) @ seen).as_rotvec()
        turns = left[:, None, None] * missing
        walked = walked @ Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(walked.shape)
    return walked[1:-1]


def _agreed_period(before: _Beside, after: _Beside, times: np.ndarray) -> float:
    """Return the period (s) near the measured ones with which the legs of both sides agree best, 0 where they do not.

    They are compared in the span at times (T,) where both sides walk, else in the first frames of the side that does not.
    """
    measured = [own.period for own in (before, after) if own.period]
    if not after.period:
        times = after.times[after.times <= after.times[0] + _AGREEING_SECONDS]
    elif not before.period:
        times = before.times[before.times >= before.times[-1] - _AGREEING_SECONDS]

    def legs(own: _Beside, period: float) -> np.ndarray:
        return (own.at(times, period) if own.period else own.between(times))[:, _LEGS]

    candidates = np.mean(measured) * _PERIOD_RANGE
    apart = [((legs(before, period) - legs(after, period)) ** 2).mean() for period in candidates]
    cost = np.divide(apart, _UNLIKENESS) + ((_PERIOD_RANGE - 1) / _PERIOD_SPREAD) ** 2
    best = int(np.argmin(cost))
    return float(candidates[best]) if apart[best] <= _MOST_APART else 0.0
