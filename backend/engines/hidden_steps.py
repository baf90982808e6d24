"""Fills frames in which a walking person is hidden with the steps seen before and after; interpolated legs would glide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smoothing import frame_seconds, smoothstep
from mpsnet_blender.shared.smpl_skeleton import JOINT

from ..base.rotations import transpose
from ..base.smoothing import nearest_rotmats

# All chosen by eye on synthetic walkers and rendered people who are hidden for a while; not measured separately.
_SHORTEST, _LONGEST = 0.15, 2.5     # seconds hidden: a shorter span is interpolated well; in a longer one a person may stop
_LEAST_SEEN, _MOST_SEEN = 1.5, 2.5      # seconds before and after the span that are searched for steps: a period and a half
_SAMPLE_SECONDS = 0.02                      # seconds between samples of the swing
_PERIODS = np.arange(30, 81)        # samples of a period, which is two steps: 0.6 s (a run) to 1.6 s (a slow walk)
_LEAST_OVERLAP = 20                 # samples that must be seen twice, one period apart: 0.4 s, about a step
_LEAST_PERIODICITY, _LEAST_SWING = 0.6, 0.12    # correlation; radians (root mean square) between both hips: steps have more
_NEAREST_SAMPLES = 40               # samples nearest to the span, in which the legs must swing: 0.8 s, longer than a step
_PERIOD_RANGE = np.linspace(0.88, 1.12, 25)     # of the measured period: three sigmas
# Differences between steps of one person: mean squared difference of the legs' rotation matrices, and share of a period (sigma).
_LEG_VARIANCE, _PERIOD_SPREAD = 0.005, 0.04
_MAX_LEG_DISTANCE = 0.012           # mean squared difference (about 13 degrees) above which the steps of both sides do not agree
_AGREEING_SECONDS = 0.2             # time over which both sides are compared if only one of them walks
_FADE_SECONDS = 0.2                 # over which the filled steps fade into the seen poses at either end
_SIDES = ("left", "right")
_LEGS = np.array([[JOINT[f"{side}_{name}"] for side in _SIDES] for name in ("hip", "knee")])


@dataclass(frozen=True)
class _VisibleSpan:
    """Visible frames on one side of a hidden span: rotmats (N, 24, 3, 3) at times (N,) s.

    moves: whether the legs swing near the span (True where there are too few frames to decide); period: seconds of two
    steps, 0 where no steps are found.
    """
    rotmats: np.ndarray
    times: np.ndarray
    moves: bool
    period: float

    def at(self, times: np.ndarray, period: float) -> np.ndarray:
        """Return matrices (T, 24, 3, 3) for times (T,) s outside these frames: from a whole number of periods before or after."""
        back = np.where(times >= self.times[-1], np.floor((times - self.times[-1]) / period) + 1, 0)
        ahead = np.where(times <= self.times[0], np.floor((self.times[0] - times) / period) + 1, 0)
        return self.interpolate(times + (ahead - back) * period)

    def interpolate(self, times: np.ndarray) -> np.ndarray:
        """Return matrices (T, 24, 3, 3) interpolated at times (T,) s."""
        row = np.clip(np.searchsorted(self.times, times) - 1, 0, len(self.times) - 2)
        share = np.clip((times - self.times[row]) / (self.times[row + 1] - self.times[row]), 0, 1)[:, None, None, None]
        return (1 - share) * self.rotmats[row] + share * self.rotmats[row + 1]


def fill_hidden_steps(rotmats: np.ndarray, timestamps: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return parent-relative rotations (T, 24, 3, 3) with hidden spans filled by the steps before and after them.

    timestamps (T,) s; seen (T,): whether the person was visible; elsewhere poses are interpolated. A hidden pose becomes the
    pose a whole number of periods earlier, crossfaded into the pose a whole number of periods later; if only one side has
    steps, it alone is used. The pelvis keeps its rotation. Spans stay interpolated where the person stands still before or after
    them, or moves without a period.
    """
    stepped = rotmats.copy()
    if len(timestamps) < 3:
        return stepped
    step = frame_seconds(timestamps)
    hidden = _remove_short_runs(~seen, _SHORTEST / step)
    hidden = ~_remove_short_runs(~hidden, _SHORTEST / step)     # spans with a visible frame or two between them are one span
    breaks = (np.diff(hidden.astype(int)) != 0) | (np.diff(timestamps) > max(_SHORTEST, 2.5 * step))
    parts = np.split(np.arange(len(seen)), np.flatnonzero(breaks) + 1)
    for earlier, span, later in zip(parts, parts[1:], parts[2:]):
        if not hidden[span[0]] or timestamps[later[0]] - timestamps[earlier[-1]] > _LONGEST:
            continue
        before = _read_span(rotmats, timestamps, earlier[timestamps[earlier] >= timestamps[earlier[-1]] - _MOST_SEEN])
        after = _read_span(rotmats, timestamps, later[timestamps[later] <= timestamps[later[0]] + _MOST_SEEN], is_after=True)
        if (before.period or after.period) and before.moves and after.moves:
            period = _find_common_period(before, after, timestamps[span])
            stepped[span, 1:] = (_fill_with_steps(before, after, timestamps[span], period) if period else rotmats[span])[:, 1:]
    return stepped


def _remove_short_runs(where: np.ndarray, fewest: float) -> np.ndarray:
    """Return a mask (T,) without its runs of fewer frames than `fewest`."""
    runs = np.split(where, np.flatnonzero(np.diff(where)) + 1)
    return np.concatenate([run & (len(run) >= fewest) for run in runs])


def _read_span(rotmats: np.ndarray, timestamps: np.ndarray, rows: np.ndarray, is_after: bool = False) -> _VisibleSpan:
    """Return the visible frames of these rows, which end or (is_after) begin at the span, and their legs' motion."""
    times = timestamps[rows]
    still = _VisibleSpan(rotmats[rows], times, False, 0.0)
    if len(rows) < 3:
        return still
    swing = _compute_leg_swing(still.interpolate(np.arange(times[0], times[-1], _SAMPLE_SECONDS))[:, _LEGS])
    nearest = swing[:_NEAREST_SAMPLES] if is_after else swing[-_NEAREST_SAMPLES:]
    # In fewer samples a leg may be at its turning point, where it hardly moves: then it counts as swinging.
    if len(nearest) == _NEAREST_SAMPLES and nearest[:, 0].std() < _LEAST_SWING:
        return still
    return replace(still, moves=True, period=_find_period(swing) if times[-1] - times[0] >= _LEAST_SEEN else 0.0)


def _find_period(swing: np.ndarray) -> float:
    """Return the period in seconds of a swing (N, 2), by its correlation with itself; 0 where it has none.

    Half a period later, walking legs have exchanged their poses: the correlation there must be as negative as it is positive at
    the whole period. A pose that stays or drifts has no such correlation.
    """
    swing = swing - swing.mean(0)
    periods = _PERIODS[: max(len(swing) - _LEAST_OVERLAP - _PERIODS[0] + 1, 0)]
    periodicity = np.array([(_correlate(swing, lag) - _correlate(swing, lag // 2)) / 2 for lag in periods])
    best = int(periodicity.argmax())
    return float(periods[best] * _SAMPLE_SECONDS) if periodicity[best] >= _LEAST_PERIODICITY else 0.0


def _compute_leg_swing(legs: np.ndarray) -> np.ndarray:
    """Return the bend of hips and knees (T, 2), left minus right, radians, of rotations (T, 2, 2, 3, 3)."""
    bend = np.arctan2(legs[..., 2, 1], legs[..., 1, 1])
    return bend[..., 0] - bend[..., 1]


def _correlate(swing: np.ndarray, lag: int) -> float:
    first, second = swing[:-lag], swing[lag:]
    return float((first * second).sum() / np.sqrt(max((first ** 2).sum() * (second ** 2).sum(), 1e-12)))


def _fill_with_steps(before: _VisibleSpan, after: _VisibleSpan, times: np.ndarray, period: float) -> np.ndarray:
    """Return the rotations (T, 24, 3, 3) of a hidden span at times (T,) s, for a period in seconds."""
    start, end = before.times[-1], after.times[0]
    whole = np.concatenate([[start], times, [end]])
    share = (whole - start) / (end - start) if before.period and after.period else np.full(len(whole), float(not before.period))
    share = smoothstep(share)[:, None, None, None]
    walked = sum(part * span.at(whole, period) for part, span in ((1 - share, before), (share, after)) if span.period)
    walked = nearest_rotmats(walked.reshape(-1, 3, 3)).reshape(walked.shape)
    fade = min(_FADE_SECONDS, (end - start) / 2)
    for span, edge, seen in ((before, start, before.rotmats[-1]), (after, end, after.rotmats[0])):
        left = 1 - smoothstep(np.abs(whole - edge) / fade)
        missing = Rotation.from_matrix(transpose(walked[-1 if span is after else 0]) @ seen).as_rotvec()
        turns = left[:, None, None] * missing
        walked = walked @ Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(walked.shape)
    return walked[1:-1]


def _find_common_period(before: _VisibleSpan, after: _VisibleSpan, times: np.ndarray) -> float:
    """Return the period (s) near the measured ones with which the legs of both sides agree best, 0 where they do not agree.

    If both sides walk, they are compared in the hidden span, at times (T,); else in the nearest frames of the other side.
    """
    measured = [span.period for span in (before, after) if span.period]
    if not after.period:
        times = after.times[after.times <= after.times[0] + _AGREEING_SECONDS]
    elif not before.period:
        times = before.times[before.times >= before.times[-1] - _AGREEING_SECONDS]

    def legs(span: _VisibleSpan, period: float) -> np.ndarray:
        return (span.at(times, period) if span.period else span.interpolate(times))[:, _LEGS]

    candidates = np.mean(measured) * _PERIOD_RANGE
    apart = [((legs(before, period) - legs(after, period)) ** 2).mean() for period in candidates]
    cost = np.divide(apart, _LEG_VARIANCE) + ((_PERIOD_RANGE - 1) / _PERIOD_SPREAD) ** 2
    best = int(np.argmin(cost))
    return float(candidates[best]) if apart[best] <= _MAX_LEG_DISTANCE else 0.0
