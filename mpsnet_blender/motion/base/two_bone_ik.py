"""Two-bone inverse kinematics over all frames at once: hip, knee, ankle, or shoulder, elbow, wrist.

The joints are called root, middle and end. Any unit of length, any right-handed frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .quaternions import dot, measure_lengths

# Chosen by eye, not measured. 0.02 of an adult leg is 16 mm: there a knee still bends by 23°, so that it does not snap straight.
_SOFT_REACH = 0.02  # of the limb's length: the last part, over which a target out of reach is approached smoothly
_NEAREST = 1.02  # of the difference of the bones' lengths: the middle joint never folds completely
_STRAIGHT = 0.02  # of the limb's length: a middle joint nearer to the line from root to end takes its side from the hint


@dataclass(frozen=True)
class TwoBoneSolution:
    """The solved limb: middle, end (T, 3), and the rotations (T, 3, 3) to multiply on the left of the bones' old rotations.

    `upper_rotmat` turns the bone from root to middle, `lower_rotmat` the one from middle to end, both in the frame of the
    positions: new global rotation = upper_rotmat @ old global rotation.
    """
    middle: np.ndarray
    end: np.ndarray
    upper_rotmat: np.ndarray
    lower_rotmat: np.ndarray


def solve_two_bone(root: np.ndarray, middle: np.ndarray, end: np.ndarray, target: np.ndarray,
                   bend_hint: np.ndarray) -> TwoBoneSolution:
    """Return the limb (joints (T, 3) each) with its end at `target` (T, 3), bent in the plane in which it was bent.

    bend_hint (T, 3) or (3,): the direction in which the middle joint moves as the limb bends (a knee: forward). A nearly
    straight limb takes its plane from the hint, and a limb bent to the opposite side is turned to the hint's side, without a
    jump in between. A target out of reach is approached without stretching. Where the end is at its target already, the limb
    is unchanged.
    """
    lengths = measure_lengths(middle - root)[..., 0], measure_lengths(end - middle)[..., 0]
    old_line, old_reach = _split_length(end - root)
    bend = _find_bend_direction(middle - root, old_line, bend_hint, lengths[0] + lengths[1])
    # The plane turns with the line from root to end by the smallest rotation, so that the limb does not spin about the line.
    line, wanted = _split_length(target - root, old_line)
    swing = compute_rotmats_between(old_line, line)
    new_bend = np.einsum("tij,tj->ti", swing, bend)
    reach = _limit_reach(wanted, old_reach, *lengths)
    # Law of cosines: cos of the angle at the root between the line and the upper bone.
    cosine = (lengths[0]**2 + reach**2 - lengths[1]**2) / np.maximum(2 * lengths[0] * reach, 1e-12)
    cosine = np.clip(cosine, -1, 1)[:, None]
    new_middle = root + lengths[0][:, None] * (cosine * line + np.sqrt(1 - cosine**2) * new_bend)
    new_end = root + reach[:, None] * line
    old_axis, new_axis = np.cross(old_line, bend), np.cross(line, new_bend)
    return TwoBoneSolution(
        middle=new_middle, end=new_end,
        upper_rotmat=_compute_rotmats_between_planes(middle - root, old_axis, new_middle - root, new_axis),
        lower_rotmat=_compute_rotmats_between_planes(end - middle, old_axis, new_end - new_middle, new_axis))


def compute_rotmats_between(start: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return the smallest rotations (..., 3, 3) that turn unit vectors `start` (..., 3) to `goal` (..., 3).

    Opposite vectors turn about some perpendicular axis.
    """
    start, goal = np.broadcast_arrays(np.asarray(start, dtype=np.float64), np.asarray(goal, dtype=np.float64))
    cosine = dot(start, goal)[..., None]
    axis = np.cross(start, goal)
    cross = _make_cross_matrix(axis)
    # Rodrigues: R = I + [v] + [v]^2 / (1 + c), with v the cross product and c the cosine.
    smallest = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 1e-12)
    square = _find_perpendicular(start)
    half_turn = 2 * square[..., :, None] * square[..., None, :] - np.eye(3)
    return np.where(cosine < -1 + 1e-9, half_turn, smallest)


def _find_bend_direction(upper: np.ndarray, line: np.ndarray, hint: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return unit vectors (T, 3), perpendicular to the line, towards which the middle joint lies, on the hint's side.

    The component along the hint, c, becomes (c + sqrt(c^2 + 4 s^2)) / 2: close to c where the joint is clearly bent, small
    but positive where it is straight or bent to the opposite side, and continuous in between.
    """
    hint = _normalize(_reject(np.broadcast_to(hint, line.shape), line), _find_perpendicular(line))
    offset = _reject(upper, line)
    along = dot(offset, hint)
    straight = _STRAIGHT * length[:, None]
    forward = (along + np.sqrt(along**2 + 4 * straight**2)) / 2
    return _normalize(offset + (forward - along) * hint, hint)


def _limit_reach(wanted: np.ndarray, now: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return the distances (T,) from root to end: as wanted, or approaching the full length exponentially in the last part.

    A limb that is straighter already keeps its reach: the last part begins no earlier than its present reach.
    """
    full = upper + lower
    soft_from = np.clip(now, full * (1 - _SOFT_REACH), full * (1 - 1e-6))
    stretch = full - soft_from
    soft = soft_from + stretch * (1 - np.exp(-np.maximum(wanted - soft_from, 0) / stretch))
    reach = np.where(wanted > soft_from, soft, wanted)
    return np.maximum(reach, np.minimum(np.abs(upper - lower) * _NEAREST + 1e-3 * full, now))


def _compute_rotmats_between_planes(old: np.ndarray, old_axis: np.ndarray, new: np.ndarray, new_axis: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) that turn vectors `old` (T, 3) to `new`, and about them `old_axis` to `new_axis`."""
    return _make_frames(new, new_axis) @ np.swapaxes(_make_frames(old, old_axis), -1, -2)


def _make_frames(along: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return orthonormal frames (T, 3, 3) whose columns are along the vectors (T, 3), near the axes (T, 3), and normal to
    both."""
    first = _normalize(along, _find_perpendicular(axis))
    second = _normalize(_reject(axis, first), _find_perpendicular(first))
    return np.stack((first, second, np.cross(first, second)), axis=-1)


def _split_length(vectors: np.ndarray, fallback: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    length = measure_lengths(vectors)[..., 0]
    return _normalize(vectors, np.array((0.0, 0.0, -1.0)) if fallback is None else fallback), length


def _reject(vectors: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return the components of the vectors (T, 3) perpendicular to the unit vectors (T, 3)."""
    return vectors - dot(vectors, unit) * unit


def _normalize(vectors: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return unit vectors (..., 3); the fallback where the length is nearly zero."""
    length = measure_lengths(vectors)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), fallback)


def _find_perpendicular(unit: np.ndarray) -> np.ndarray:
    """Return unit vectors (..., 3), each perpendicular to one of the unit vectors (..., 3)."""
    least = np.eye(3)[np.argmin(np.abs(unit), axis=-1)]
    square = np.cross(unit, least)
    return square / np.maximum(measure_lengths(square), 1e-12)


def _make_cross_matrix(vectors: np.ndarray) -> np.ndarray:
    """Return matrices (..., 3, 3) that take the cross product with the vectors (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack((np.stack((zero, -z, y), -1), np.stack((z, zero, -x), -1), np.stack((-y, x, zero), -1)), -2)
