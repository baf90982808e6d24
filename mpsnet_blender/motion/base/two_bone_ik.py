"""Two-bone inverse kinematics over all frames at once: hip, knee, ankle, or shoulder, elbow, wrist.

The joints are called root, middle and end. Any unit of length, any right-handed frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SOFT_REACH = 0.02  # of the limb's length: the last stretch, over which a target out of reach is approached softly
_NEAREST = 1.02  # of the difference of both bones: the middle joint never folds quite flat
_STRAIGHT = 0.02  # of the limb's length: a middle joint nearer to the line than that takes its side from the hint


@dataclass(frozen=True)
class TwoBoneSolution:
    """Where the limb goes: middle, end (T, 3), and the rotations (T, 3, 3) to put before the bones' rotations of now.

    `upper_rotmat` turns the bone from root to middle, `lower_rotmat` the one from middle to end, both in the frame of the
    positions: new global rotation = upper_rotmat @ old global rotation.
    """
    middle: np.ndarray
    end: np.ndarray
    upper_rotmat: np.ndarray
    lower_rotmat: np.ndarray


def solve_two_bone(root: np.ndarray, middle: np.ndarray, end: np.ndarray, target: np.ndarray,
                   bend_hint: np.ndarray) -> TwoBoneSolution:
    """Return the limb (joints (T, 3) each) with its end at `target` (T, 3), bent in the plane in which it is bent now.

    bend_hint (T, 3) or (3,): the way in which the middle joint can bend (a knee: forward). A nearly straight limb takes its
    plane from it, and one that is bent the wrong way is brought to its side, without a jump in between. A target out of
    reach is approached, never overstretched, and a limb whose target is where its end is stays as it is.
    """
    lengths = np.linalg.norm(middle - root, axis=-1), np.linalg.norm(end - middle, axis=-1)
    old_line, old_reach = _direction_and_length(end - root)
    bend = _bend_direction(middle - root, old_line, bend_hint, sum(lengths))
    # The plane follows the line from root to end by the shortest way: the limb does not spin about itself.
    line, wanted = _direction_and_length(target - root, old_line)
    swing = rotmats_between(old_line, line)
    new_bend = np.einsum("tij,tj->ti", swing, bend)
    reach = _within_reach(wanted, old_reach, *lengths)
    # Law of cosines: cos of the angle at the root between the line and the upper bone.
    cosine = (lengths[0]**2 + reach**2 - lengths[1]**2) / np.maximum(2 * lengths[0] * reach, 1e-12)
    cosine = np.clip(cosine, -1, 1)[:, None]
    new_middle = root + lengths[0][:, None] * (cosine * line + np.sqrt(1 - cosine**2) * new_bend)
    new_end = root + reach[:, None] * line
    old_axis, new_axis = np.cross(old_line, bend), np.cross(line, new_bend)
    return TwoBoneSolution(
        middle=new_middle, end=new_end,
        upper_rotmat=_rotmats_between_planes(middle - root, old_axis, new_middle - root, new_axis),
        lower_rotmat=_rotmats_between_planes(end - middle, old_axis, new_end - new_middle, new_axis))


def rotmats_between(start: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return the smallest rotations (..., 3, 3) that turn unit vectors `start` (..., 3) to `goal` (..., 3).

    Opposite vectors turn about an axis square to them.
    """
    start, goal = np.broadcast_arrays(np.asarray(start, dtype=np.float64), np.asarray(goal, dtype=np.float64))
    cosine = np.sum(start * goal, axis=-1)[..., None, None]
    axis = np.cross(start, goal)
    cross = _cross_matrix(axis)
    # Rodrigues: R = I + [v] + [v]^2 / (1 + c), with v the cross product and c the cosine.
    smallest = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 1e-12)
    square = _square_to(start)
    half_turn = 2 * square[..., :, None] * square[..., None, :] - np.eye(3)
    return np.where(cosine < -1 + 1e-9, half_turn, smallest)


def _bend_direction(upper: np.ndarray, line: np.ndarray, hint: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return unit vectors (T, 3), square to the line, towards which the middle joint lies, on the hint's side.

    The part along the hint, c, becomes (c + sqrt(c^2 + 4 s^2)) / 2: c where the joint is bent well, small and never zero
    where it is straight or bent the wrong way, with no step in between.
    """
    hint = _unit(_rejected(np.broadcast_to(hint, line.shape), line), _square_to(line))
    offset = _rejected(upper, line)
    along = np.sum(offset * hint, axis=-1, keepdims=True)
    straight = _STRAIGHT * length[:, None]
    forward = (along + np.sqrt(along**2 + 4 * straight**2)) / 2
    return _unit(offset + (forward - along) * hint, hint)


def _within_reach(wanted: np.ndarray, now: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return the distances (T,) from root to end: as wanted, or nearing the full length exponentially beyond the soft part.

    A limb that is straight already keeps its reach: the soft part begins no earlier than where it is now.
    """
    full = upper + lower
    soft_from = np.clip(now, full * (1 - _SOFT_REACH), full * (1 - 1e-6))
    stretch = full - soft_from
    soft = soft_from + stretch * (1 - np.exp(-np.maximum(wanted - soft_from, 0) / stretch))
    reach = np.where(wanted > soft_from, soft, wanted)
    return np.maximum(reach, np.minimum(np.abs(upper - lower) * _NEAREST + 1e-3 * full, now))


def _rotmats_between_planes(old: np.ndarray, old_axis: np.ndarray, new: np.ndarray, new_axis: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) that turn vectors `old` (T, 3) to `new`, and about them `old_axis` to `new_axis`."""
    return _frames(new, new_axis) @ np.swapaxes(_frames(old, old_axis), -1, -2)


def _frames(along: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return orthonormal frames (T, 3, 3) with columns along the vectors (T, 3), near the axes (T, 3), and square to both."""
    first = _unit(along, _square_to(axis))
    second = _unit(_rejected(axis, first), _square_to(first))
    return np.stack((first, second, np.cross(first, second)), axis=-1)


def _direction_and_length(vectors: np.ndarray, fallback: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    length = np.linalg.norm(vectors, axis=-1)
    return _unit(vectors, np.array((0.0, 0.0, -1.0)) if fallback is None else fallback), length


def _rejected(vectors: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return what of the vectors (T, 3) is square to the unit vectors (T, 3)."""
    return vectors - np.sum(vectors * unit, axis=-1, keepdims=True) * unit


def _unit(vectors: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return unit vectors (..., 3); the fallback where there is no length to speak of."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), fallback)


def _square_to(unit: np.ndarray) -> np.ndarray:
    """Return some unit vectors (..., 3) square to the unit vectors (..., 3)."""
    least = np.eye(3)[np.argmin(np.abs(unit), axis=-1)]
    square = np.cross(unit, least)
    return square / np.maximum(np.linalg.norm(square, axis=-1, keepdims=True), 1e-12)


def _cross_matrix(vectors: np.ndarray) -> np.ndarray:
    """Return matrices (..., 3, 3) that take the cross product with the vectors (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack((np.stack((zero, -z, y), -1), np.stack((z, zero, -x), -1), np.stack((-y, x, zero), -1)), -2)
