"""Rotations as arrays: rotation vectors (radians), quaternions (w first), matrices. Any leading shape, float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...shared.arrays.frame_blocks import frame_blocks
from ...shared.arrays.large_arrays import copy_array, make_array
from .quaternions import dot, measure_lengths

_BLOCK_FRAMES = 1024    # converted at a time: what lies between needs several times the result's memory
_TINY_ANGLE = 1e-8  # radians; below it the limit of sin(a / 2) / a is exact in float64


def quat_from_rotvec(rotvec: np.ndarray) -> np.ndarray:
    """Return unit quaternions (..., 4), w first, from rotation vectors (..., 3) in radians."""
    x, y, z = _take_apart(rotvec)
    angle = np.sqrt(x * x + y * y + z * z)
    # sin(a / 2) / a tends to 1/2 as the angle a vanishes.
    scale = np.where(angle < _TINY_ANGLE, 0.5, np.sin(angle / 2) / np.maximum(angle, _TINY_ANGLE))
    return np.stack((np.cos(angle / 2), x * scale, y * scale, z * scale), axis=-1)


def rotvec_from_quat(quat: np.ndarray) -> np.ndarray:
    """Return rotation vectors (..., 3) in radians, angle 0..pi, from unit quaternions (..., 4), w first."""
    quat = np.asarray(quat, dtype=np.float64)
    quat = np.where(quat[..., :1] < 0, -quat, quat)
    sine = measure_lengths(quat[..., 1:])
    angle = 2 * np.arctan2(sine, quat[..., :1])
    scale = np.where(sine < _TINY_ANGLE, 2.0, angle / np.maximum(sine, _TINY_ANGLE))
    return quat[..., 1:] * scale


def rotmat_from_quat(quat: np.ndarray) -> np.ndarray:
    """Return rotation matrices (..., 3, 3) from unit quaternions (..., 4), w first."""
    return _convert_blocks(_rotmat_from_quat, np.asarray(quat, dtype=np.float64), 1)


def _rotmat_from_quat(quat: np.ndarray) -> np.ndarray:
    w, x, y, z = _take_apart(quat)
    return np.stack((
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)), axis=-1).reshape(*w.shape, 3, 3)


def _take_apart(rotations: np.ndarray) -> np.ndarray:
    """Return the numbers (n, ...) of rotations (..., n). Each of them lies together for all rotations: products are then twice to
    three times quicker than of numbers that are n places apart."""
    return np.moveaxis(np.asarray(rotations, dtype=np.float64), -1, 0).copy()


def quat_from_rotmat(rotmat: np.ndarray) -> np.ndarray:
    """Return unit quaternions (..., 4), w first and not negative, from rotation matrices (..., 3, 3).

    Each of the four rows of q q^T is proportional to q; the longest is the accurate one (Bar-Itzhack 2000).
    """
    return _convert_blocks(_quat_from_rotmat, np.asarray(rotmat, dtype=np.float64), 2)


def _quat_from_rotmat(m: np.ndarray) -> np.ndarray:
    xx, xy, xz, yx, yy, yz, zx, zy, zz = _take_apart(m.reshape(*m.shape[:-2], 9))
    wx, wy, wz, xy, xz, yz = zy - yz, xz - zx, yx - xy, xy + yx, xz + zx, yz + zy
    ww, xx, yy, zz = 1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz
    # The longest row has the largest number on the diagonal. Compared in pairs, for a choice among four takes twice as long.
    takes_x, takes_z, takes_last = xx > ww, zz > yy, np.maximum(yy, zz) > np.maximum(ww, xx)
    columns = ((ww, wx, wy, wz), (wx, xx, xy, xz), (wy, xy, yy, yz), (wz, xz, yz, zz))
    w, x, y, z = (np.where(takes_last, np.where(takes_z, of_z, of_y), np.where(takes_x, of_x, of_w))
                  for of_w, of_x, of_y, of_z in columns)
    length = np.sqrt(w * w + x * x + y * y + z * z)
    length = np.where(w < 0, -length, length)
    return np.stack((w / length, x / length, y / length, z / length), axis=-1)


def rotmat_from_rotvec(rotvec: np.ndarray) -> np.ndarray:
    """Return rotation matrices (..., 3, 3) from rotation vectors (..., 3) in radians."""
    return _convert_blocks(lambda part: _rotmat_from_quat(quat_from_rotvec(part)), np.asarray(rotvec, dtype=np.float64), 1)


def _convert_blocks(convert: Callable[[np.ndarray], np.ndarray], rotations: np.ndarray, own_axes: int) -> np.ndarray:
    """Return rotations (T, ...), of which each has so many axes, converted a block of frames after the other."""
    if rotations.ndim == own_axes or len(rotations) <= _BLOCK_FRAMES:
        return convert(rotations)
    first = convert(rotations[:_BLOCK_FRAMES])
    converted = make_array((len(rotations), *first.shape[1:]))
    for rows in frame_blocks(len(rotations), _BLOCK_FRAMES):
        converted[rows] = convert(rotations[rows]) if rows.start else first
    return converted


def rotvec_from_rotmat(rotmat: np.ndarray) -> np.ndarray:
    """Return rotation vectors (..., 3) in radians, angle 0..pi, from rotation matrices (..., 3, 3)."""
    return _convert_blocks(lambda part: rotvec_from_quat(_quat_from_rotmat(part)), np.asarray(rotmat, dtype=np.float64), 2)


def continuous_quat(quat: np.ndarray) -> np.ndarray:
    """Return quaternions (T, ..., 4) whose sign never flips from one frame to the next; frame 0 has w >= 0.

    q and -q are the same rotation, but F-curves from one to the other would pass through other rotations.
    """
    quat = copy_array(np.asarray(quat, dtype=np.float64))
    steps = np.ones(quat.shape[:-1])
    steps[0] = np.where(quat[0, ..., 0] < 0, -1.0, 1.0)
    for start in range(0, len(quat) - 1, _BLOCK_FRAMES):
        rows = quat[start:start + _BLOCK_FRAMES + 1]
        steps[start + 1:start + len(rows)] = np.where(dot(rows[1:], rows[:-1])[..., 0] < 0, -1.0, 1.0)
    signs = np.cumprod(steps, axis=0)
    for part in frame_blocks(len(quat)):
        quat[part] *= signs[part, ..., None]
    return quat
