"""Key reduction: the fewest keys whose linear interpolation stays within a tolerance of the motion's channels."""

from __future__ import annotations

import numpy as np

_LONG = 48      # frames: longer spans are halved, shorter ones split at their worst frame; for speed only, not measured


def reduce_keys(channels: list[np.ndarray], times: np.ndarray, tolerances: list[float]) -> list[np.ndarray]:
    """Return for each channel (T, n) the frames of the keys to keep, the first and last frame included.

    Straight lines between the keys over times (T,) then differ from the channel by no more than its tolerance (the length of the
    difference). The method is Douglas and Peucker's, for all spans of a channel at once: each round splits every span with too
    large an error at its worst frame, and long spans in the middle, which takes far fewer rounds.
    """
    count = len(times)
    if count < 3:
        return [np.arange(count) for _ in channels]
    kept = np.zeros((len(channels), count), dtype=bool)
    kept[:, [0, -1]] = True
    for channel, is_kept, tolerance in zip(channels, kept, tolerances, strict=True):
        _mark_keys(np.asarray(channel, dtype=np.float64), times, tolerance, is_kept)
    return [np.flatnonzero(is_kept) for is_kept in kept]


def _mark_keys(channel: np.ndarray, times: np.ndarray, tolerance: float, kept: np.ndarray) -> None:
    """Set in `kept` (T,) the frames to key of one channel (T, n)."""
    rows = np.arange(1, len(times) - 1)        # the frames in spans whose error may still be too large
    while len(rows):
        keys = np.flatnonzero(kept)
        span = (np.cumsum(kept) - 1)[rows]
        firsts = np.flatnonzero(np.diff(span, prepend=-1))
        lengths = np.diff(np.append(firsts, len(span)))
        error = _squared_errors(channel, times, rows, keys[span], keys[span + 1])
        worst = np.maximum.reduceat(error, firsts)
        is_bad = worst > tolerance**2
        at_worst = np.flatnonzero(error == np.repeat(worst, lengths))
        first_worst = at_worst[np.searchsorted(at_worst, firsts)]
        split = np.where(lengths > _LONG, firsts + lengths // 2, first_worst)[is_bad]
        kept[rows[split]] = True
        rows = rows[np.repeat(is_bad, lengths)]
        rows = rows[~kept[rows]]


def _squared_errors(channel: np.ndarray, times: np.ndarray, rows: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the squared distances (N,) of frames `rows` (N,) of a channel (T, n) from the lines between start and end (N,)."""
    share = ((times[rows] - times[start]) / (times[end] - times[start]))[:, None]
    difference = channel[start] + share * (channel[end] - channel[start]) - channel[rows]
    return np.einsum("ti,ti->t", difference, difference)


def interpolate_keys(channel: np.ndarray, times: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return a channel's values (T, n), linearly interpolated between its keys."""
    return np.stack([np.interp(times, times[keys], column[keys]) for column in channel.T], axis=-1)
