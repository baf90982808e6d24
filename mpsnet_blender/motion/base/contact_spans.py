"""Spans of frames in which a heel, a toe or a whole foot stands, from contact confidences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .smoothing import eased, frame_seconds

# A point lands where the confidence rises over the one, and lifts where it falls under the other. In doubt it stands: a foot
# that is held a moment too long is hardly seen, one that is let go too early slides.
_LANDS, _LIFTS = 0.4, 0.3
_SHORTEST_SECONDS, _GAP_SECONDS = 0.06, 0.04
_FRAMES_OF_SPEED = 3
_CARRIES_IN_GAP = 4.0       # between two spans a speed is carried on over this part of the gap at most


@dataclass(frozen=True)
class Spans:
    """N spans of frames: from starts (N,) to before ends (N,), in order; `frame_count` frames in all."""
    starts: np.ndarray
    ends: np.ndarray
    frame_count: int

    @property
    def lengths(self) -> np.ndarray:
        return self.ends - self.starts

    def mask(self) -> np.ndarray:
        """Return whether each frame (T,) lies in a span."""
        steps = np.zeros(self.frame_count + 1, dtype=int)
        np.add.at(steps, self.starts, 1)
        np.add.at(steps, self.ends, -1)
        return np.cumsum(steps[:-1]) > 0

    def frames(self) -> np.ndarray:
        """Return the frames that lie in spans, in order."""
        return np.flatnonzero(self.mask())

    def numbers(self) -> np.ndarray:
        """Return the number of the span for each of `frames`."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    def weighted_means(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return each span's mean (N, ...) of values (T, ...) under weights (T,)."""
        frames = self.frames()
        weights = np.maximum(weights[frames], 1e-9).reshape((-1,) + (1,) * (values.ndim - 1))
        firsts = np.concatenate(([0], np.cumsum(self.lengths)[:-1]))
        return np.add.reduceat(values[frames] * weights, firsts) / np.add.reduceat(weights, firsts)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return each frame's value (T, ...): that of its span (N, ...), zero outside."""
        found = np.zeros((self.frame_count,) + values.shape[1:])
        found[self.frames()] = values[self.numbers()]
        return found


def spans_of(mask: np.ndarray) -> Spans:
    """Return the spans in which a mask (T,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(int)))
    return Spans(edges[::2], edges[1::2], len(mask))


def standing(confidence: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return whether a point stands (T,), from its contact confidence (T,) in 0..1 at timestamps (T,) s.

    With hysteresis; gaps that are too short for a step are closed, and what is too short for a stand is left out.
    """
    if not len(confidence):
        return np.zeros(0, dtype=bool)
    frame = frame_seconds(timestamps)
    state = np.where(confidence >= _LANDS, 1, np.where(confidence < _LIFTS, -1, 0))
    told = np.where(state != 0, np.arange(len(state)), 0)
    stands = state[np.maximum.accumulate(told)] > 0
    stands = _without_short(~stands, _GAP_SECONDS / frame, keeps_ends=True)
    return _without_short(~stands, _SHORTEST_SECONDS / frame, keeps_ends=False)


def _without_short(mask: np.ndarray, frames: float, keeps_ends: bool) -> np.ndarray:
    """Return a mask (T,) without its spans shorter than so many frames; those at the clip's ends may be kept."""
    spans = spans_of(mask)
    long = spans.lengths >= frames - 1e-6
    if keeps_ends:
        long |= (spans.starts == 0) | (spans.ends == len(mask))
    return Spans(spans.starts[long], spans.ends[long], len(mask)).mask()


def held_and_faded(values: np.ndarray, spans: Spans, fade_frames: float) -> np.ndarray:
    """Return values (T, ...) within the spans as they are; outside, those of the spans' ends, fading away.

    Where two spans are nearer to one another than the fade, the one passes into the other.
    """
    if not len(spans.starts):
        return np.zeros_like(values)
    near = _neighbours(spans)
    fade = np.minimum(fade_frames + 1, near.gap)
    late = np.where(near.inside, 1.0, eased(1 - near.since / fade))
    early = np.where(near.inside, 0.0, eased(1 - near.until / fade))
    shape = (-1,) + (1,) * (values.ndim - 1)
    here = np.where(near.inside, np.arange(spans.frame_count), spans.ends[near.last_span] - 1)
    return late.reshape(shape) * values[here] + early.reshape(shape) * values[spans.starts[near.next_span]]


def carried_on(values: np.ndarray, spans: Spans, frames: float) -> np.ndarray:
    """Return what values (T, ...) go on to gain outside the spans with the speed that they have at the spans' ends.

    d frames from an end it is that speed times d exp(-d / frames), and sooner over between near spans; zero inside. Added to
    `held_and_faded` it takes out the kinks where a correction begins and ends.
    """
    if not len(spans.starts) or len(values) < 2:
        return np.zeros_like(values)
    near, shape = _neighbours(spans), (-1,) + (1,) * (values.ndim - 1)
    decay = np.minimum(frames, near.gap / _CARRIES_IN_GAP)
    # Over a few frames of the span: a speed from one frame to the next is half noise.
    back = np.minimum(_FRAMES_OF_SPEED, spans.lengths - 1)
    first, last, steps = spans.starts, spans.ends - 1, np.maximum(back, 1).reshape(shape)
    coming = ((values[first + back] - values[first]) / steps)[near.next_span]
    leaving = ((values[last] - values[last - back]) / steps)[near.last_span]
    late, early = (~near.inside * decay * _rise_and_fall(away / decay) for away in (near.since, near.until))
    return late.reshape(shape) * leaving - early.reshape(shape) * coming


def _rise_and_fall(times: np.ndarray) -> np.ndarray:
    """Return x exp(-x), 0 at 0 and at infinity."""
    times = np.minimum(times, 50.0)
    return times * np.exp(-times)


@dataclass(frozen=True)
class _Neighbours:
    """For each frame (T,): the number of its own span or the last before it, and of the one after; how many frames since that
    one's end and until the other's start, the frames between the two (infinite where there is none), whether a span holds it."""
    last_span: np.ndarray
    next_span: np.ndarray
    since: np.ndarray
    until: np.ndarray
    gap: np.ndarray
    inside: np.ndarray


def _neighbours(spans: Spans) -> _Neighbours:
    frames = np.arange(spans.frame_count)
    last = np.searchsorted(spans.starts, frames, side="right") - 1
    has_before, has_after = last >= 0, last + 1 < len(spans.starts)
    before, after = np.maximum(last, 0), np.minimum(last + 1, len(spans.starts) - 1)
    since = np.where(has_before, frames - (spans.ends[before] - 1), np.inf)
    until = np.where(has_after, spans.starts[after] - frames, np.inf)
    return _Neighbours(before, after, since, until, np.where(has_before & has_after, since + until, np.inf), since <= 0)
