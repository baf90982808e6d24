"""Rotation channels in each bone's rotation mode, with the angles that the user locked unchanged."""

from __future__ import annotations

import numpy as np

from .euler import euler_from_quat, quat_from_euler
from .quaternions import conjugate, measure_lengths, multiply
from .rotations import continuous_quat, rotvec_from_quat

_ORDER_OF_LOCKS = "XYZ"


def convert_with_locks(quat: np.ndarray, mode: str, locked: tuple[bool, bool, bool],
                       current: np.ndarray) -> tuple[str, np.ndarray]:
    """Return `convert_to_mode` of the rotations (T, 4), with the locked angles about x, y, z held at those of `current` (4,).

    Locks hold Euler angles: in the order of the bone's rotation mode, or XYZ where the mode has none.
    """
    if not any(locked):
        return convert_to_mode(quat, mode)
    has_angles = mode not in ("QUATERNION", "AXIS_ANGLE")
    order = mode if has_angles else _ORDER_OF_LOCKS
    held = euler_from_quat(np.asarray(current, dtype=np.float64)[None], order)[0]
    if sum(locked) == 2:
        angles = _turn_hinge(quat, order, locked.index(False), held)
    else:
        angles = euler_from_quat(quat, order)
        angles[:, list(locked)] = held[list(locked)]
    return ("rotation_euler", angles) if has_angles else convert_to_mode(continuous_quat(quat_from_euler(angles, order)), mode)


def _turn_hinge(quat: np.ndarray, order: str, free: int, held: np.ndarray) -> np.ndarray:
    """Return the angles (T, 3), two of them `held` (3,), whose rotations are nearest to `quat` (T, 4).

    With R = A H(angle) B, that is the turn of A^-1 R B^-1 about the free axis. An Euler angle of R would be no hinge's: the
    middle one ends at 90 degrees.
    """
    place = order.index("XYZ"[free])
    outer, inner = (quat_from_euler(np.where(["XYZ"[axis] in letters for axis in range(3)], held, 0.0), order)
                    for letters in (order[place + 1:], order[:place]))      # Blender's first letter turns first
    hinge = multiply(conjugate(outer), multiply(quat, conjugate(inner)))
    angles = np.tile(held, (len(hinge), 1))
    angles[:, free] = np.unwrap(2 * np.arctan2(hinge[:, 1 + free], hinge[:, 0]))
    angles[:, free] -= 2 * np.pi * np.round(angles[0, free] / (2 * np.pi))
    return angles


def convert_to_mode(quat: np.ndarray, mode: str) -> tuple[str, np.ndarray]:
    """Return the property and its values (T, 3 or 4) of a bone in Blender's rotation mode, from quaternions (T, 4)."""
    if mode == "QUATERNION":
        return "rotation_quaternion", quat
    if mode == "AXIS_ANGLE":
        return "rotation_axis_angle", _convert_to_axis_angle(quat)
    return "rotation_euler", euler_from_quat(quat, mode)


def quat_from_values(values: np.ndarray, mode: str) -> np.ndarray:
    """Return unit quaternions (T, 4), w first, from a bone's rotation channels (T, 3 or 4) in Blender's rotation mode."""
    if mode == "AXIS_ANGLE":
        axis = values[:, 1:] / np.maximum(measure_lengths(values[:, 1:]), 1e-12)
        half = values[:, :1] / 2
        return np.concatenate((np.cos(half), np.sin(half) * axis), axis=1)
    if mode == "QUATERNION":
        return values / np.maximum(measure_lengths(values), 1e-12)
    return quat_from_euler(values, mode)


def _convert_to_axis_angle(quat: np.ndarray) -> np.ndarray:
    """Return angle (radians) and unit axis (T, 4), both continuous from frame to frame."""
    rotvec = rotvec_from_quat(quat)
    angle = measure_lengths(rotvec)
    axis = np.where(angle > 1e-9, rotvec / np.maximum(angle, 1e-9), (0.0, 1.0, 0.0))
    flips = np.concatenate(([1.0], np.where(np.sum(axis[1:] * axis[:-1], axis=1) < 0, -1.0, 1.0)))
    sign = np.cumprod(flips)[:, None]
    return np.concatenate((np.unwrap(sign * angle, axis=0), sign * axis), axis=1)
