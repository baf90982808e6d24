"""Left and right: the landmark model exchanges them for some frames when a person is seen from behind or turns fast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import copy_array

from .landmarks import LANDMARK, MIRRORED
from .stitching import PersonTrack

# What the model exchanges together: all of the body, as its facing is misread, or the arms alone, or the legs alone.
_PARTS = {
    "arms": ("elbow", "wrist", "pinky", "index", "thumb"),
    "legs": ("knee", "ankle", "heel", "foot_index"),
}
_ALL_PARTS = ("shoulder", "hip", *_PARTS["arms"], *_PARTS["legs"])
# Costs are in body lengths, as the landmarks' movement is. Chosen by eye on rendered clips (seen from behind, fast turns).
_EXCHANGE_COST = 0.06        # for each frame that is exchanged: most frames are right
_SWITCH_COST = 0.15          # for each change between two frames from right to exchanged, or back
_MAX_STEP_SECONDS = 0.15     # a swinging leg crosses the other one in 0.15 s: over longer steps movement says nothing
_STATURE = 1.7               # metres of a body length
_LEAST_WEIGHT = 0.05         # of a landmark that is not visible: a twentieth of one that is, so that no sum is zero


def repair_sides(track: PersonTrack) -> tuple[PersonTrack, int]:
    """Return the track with left and right corrected, and the number of frames in which something was exchanged.

    For each group of landmarks, each frame is "as read" or "exchanged": the sequence of least cost is taken, where movement of
    the landmarks and exchanges cost (Viterbi over two states).
    """
    exchanged = np.zeros(len(track.timestamps), dtype=bool)
    for parts in (_ALL_PARTS, *_PARTS.values()):
        pairs = np.array([(LANDMARK[f"left_{part}"], LANDMARK[f"right_{part}"]) for part in parts])
        flips = _exchanged_frames(track, pairs)
        exchanged |= flips
        track = _with_exchange(track, flips, pairs.ravel())
    return track, int(exchanged.sum())


def _exchanged_frames(track: PersonTrack, pairs: np.ndarray) -> np.ndarray:
    stay, switch = _movement(track, pairs)
    frame_count = len(track.timestamps)
    states = np.array((0.0, _EXCHANGE_COST))
    best = np.zeros((frame_count, 2), dtype=np.int8)
    cost = states.copy()
    for frame in range(1, frame_count):
        moves = np.array(((stay[frame - 1], switch[frame - 1] + _SWITCH_COST),
                          (switch[frame - 1] + _SWITCH_COST, stay[frame - 1])))
        total = cost[:, None] + moves
        best[frame] = total.argmin(0)
        cost = total.min(0) + states
    state = int(cost.argmin())
    flips = np.zeros(frame_count, dtype=bool)
    for frame in range(frame_count - 1, -1, -1):
        flips[frame] = bool(state)
        state = best[frame, state]
    return flips


def _movement(track: PersonTrack, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the pairs move between frames, as read and exchanged (T - 1,), in body lengths."""
    size = float(np.median(np.linalg.norm(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)))
    steps = [_move_in_steps(track.at(slice(max(rows.start - 1, 0), rows.stop)), pairs, size)
             for rows in frame_blocks(len(track.timestamps))]
    return np.concatenate([stay for stay, _ in steps]), np.concatenate([switch for _, switch in steps])


def _move_in_steps(track: PersonTrack, pairs: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what `_movement` does, of some frames, for a body of that size in px."""
    image = track.xy - track.xy.mean(1, keepdims=True)
    position = np.concatenate([image / size, track.world / _STATURE], axis=-1)       # (T, 33, 5)
    left, right = position[:, pairs[:, 0]], position[:, pairs[:, 1]]
    weights = np.minimum(track.score[:, pairs[:, 0]], track.score[:, pairs[:, 1]]) + _LEAST_WEIGHT
    weights = np.minimum(weights[1:], weights[:-1])
    weights = weights / weights.sum(1, keepdims=True)
    near = (np.diff(track.timestamps) < _MAX_STEP_SECONDS)

    def mean_step(left_next: np.ndarray, right_next: np.ndarray) -> np.ndarray:
        step = np.linalg.norm(left_next - left[:-1], axis=-1) + np.linalg.norm(right_next - right[:-1], axis=-1)
        return (step * weights).sum(1) * near

    return mean_step(left[1:], right[1:]), mean_step(right[1:], left[1:])


def _with_exchange(track: PersonTrack, flips: np.ndarray, landmarks: np.ndarray) -> PersonTrack:
    if not flips.any():
        return track
    order = np.arange(len(MIRRORED))
    order[landmarks] = MIRRORED[landmarks]
    xy, world, score = (copy_array(values) for values in (track.xy, track.world, track.score))
    for rows in frame_blocks(len(flips)):
        for values in (xy[rows], world[rows], score[rows]):
            values[flips[rows]] = values[flips[rows]][:, order]
    return replace(track, xy=xy, world=world, score=score)
