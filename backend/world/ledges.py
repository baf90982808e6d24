"""What somebody stands on for a while over the floor: a roof, a stage, a chair."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.contact_spans import find_spans
from mpsnet_blender.motion.base.smoothing import frame_durations

# Metres: lower than a chair, higher than two steps of stairs, which footprints follow by themselves (motion.cleanup.footprints).
_LEAST_HEIGHT = 0.35
# Metres to both sides, within which feet that stand are seen (of a man on a roof, 6 m from the camera, within 0.07), and seconds
# for which they are there in all. Who falls or leaps past is there for less than the last of these seconds; the top of a flight,
# however high, takes 0.44 s.
_NEAR, _LEAST_SECONDS, _PASSING_SECONDS = 0.12, 1.0, 0.25
_LEAST_SHARE = 0.5              # of the time from the first to the last moment there, between which somebody may jump


def find_ledges(heights: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Return the height (T,) of what somebody stands on, 0 on the floor and in flight; heights (T,) of the lower foot's sole over
    the floor, metres, at timestamps (T,) s."""
    ledges, seconds = np.zeros(len(heights)), frame_durations(timestamps)
    high = find_spans(heights > _LEAST_HEIGHT, timestamps)
    waiting = [slice(start, end) for start, end in zip(high.starts, high.ends, strict=True)]
    while waiting:
        rows = waiting.pop()
        if seconds[rows].sum() < _LEAST_SECONDS:
            continue
        level = _find_commonest(heights[rows])
        near = np.zeros(len(heights), bool)
        near[rows] = np.abs(heights[rows] - level) < _NEAR
        spans = find_spans(near, timestamps)
        stays = spans.seconds > _PASSING_SECONDS
        if not stays.any():
            continue
        there = slice(spans.starts[stays][0], spans.ends[stays][-1])
        if spans.seconds[stays].sum() >= max(_LEAST_SECONDS, _LEAST_SHARE * seconds[there].sum()):
            ledges[there] = level
            waiting += [slice(rows.start, there.start), slice(there.stop, rows.stop)]
    return ledges


def _find_commonest(heights: np.ndarray) -> float:
    """Return the height near which most of the heights (N,) are."""
    ordered = np.sort(heights)
    first, stop = (np.searchsorted(ordered, ordered + side, "left") for side in (-_NEAR, _NEAR))
    most = int((stop - first).argmax())
    return float(np.median(ordered[first[most]:stop[most]]))
