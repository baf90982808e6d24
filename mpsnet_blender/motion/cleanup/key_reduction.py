"""Key reduction: the fewest keys whose linear interpolation stays within a tolerance of the motion's channels."""

from __future__ import annotations

import numpy as np

_LONG = 48      # frames: longer spans are halved, shorter ones split at their worst frame


def reduced_keys(channels: list[np.ndarray], times: np.ndarray, tolerances: list[float]) -> list[np.ndarray]:
    """Return for each channel (T, n) the numbers of the keys to keep, first and last among them.

    Between keys the channel is a straight line over times (T,), and differs from its values by no more than its
    tolerance (the length of the difference). Douglas and Peucker's way, for all spans of a channel at once: each round splits
    every span that is not good enough at its worst frame (long ones in the middle, which takes far fewer rounds).
    """
    count = len(times)
    if count < 3:
        return [np.arange(count) for _ in channels]
    kept = np.zeros((len(channels), count), dtype=bool)
    kept[:, [0, -1]] = True
    for channel, own, tolerance in zip(channels, kept, tolerances, strict=True):
        _keep(np.asarray(channel, dtype=np.float64), times, tolerance, own)
    return [np.flatnonzero(own) for own in kept]


def _keep(channel: np.ndarray, times: np.ndarray, tolerance: float, kept: np.ndarray) -> None:
    """Mark the frames to keep (T,) of one channel (T, n)."""
    rows = np.arange(1, len(times) - 1)        # those in spans that may still be bad
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
    """Return how far rows (N,) of a channel (T, n) lie from the lines between the keys start and end (N,), squared."""
    share = ((times[rows] - times[start]) / (times[end] - times[start]))[:, None]
    off = channel[start] + share * (channel[end] - channel[start]) - channel[rows]
    return np.einsum("ti,ti->t", off, off)


def lines_through(channel: np.ndarray, times: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return a channel (T, n) as linear interpolation between its keys gives it."""
    return np.stack([np.interp(times, times[keys], column[keys]) for column in channel.T], axis=-1)
