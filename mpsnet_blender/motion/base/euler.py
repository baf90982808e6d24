"""Euler angles as arrays, continuous in time. Radians, float64.

An order names the matrix product from left to right: "ZXY" is Rz(a) @ Rx(b) @ Ry(c), as a BVH file lists its channels.
Blender's rotation modes are in reverse order: its "XYZ" turns about X first, which is the product "ZYX".
"""

from __future__ import annotations

import numpy as np

from .rotations import quat_from_rotmat, rotmat_from_quat

_EVEN_ORDERS = ("XYZ", "YZX", "ZXY")
_GIMBAL = 1e-6  # cosine of the middle angle: below it (rounding) the outer two turn about the same axis


def rotmat_from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    """Return rotation matrices (..., 3, 3) from angles (..., 3) in radians, one column a letter of `order`."""
    angles = np.asarray(angles, dtype=np.float64)
    first, second, third = (_rotate_about(axis, angles[..., column]) for column, axis in enumerate(order))
    return first @ second @ third


def continuous_euler(rotmat: np.ndarray, order: str) -> np.ndarray:
    """Return angles (T, ..., 3) in radians, one column a letter of `order`, from rotation matrices (T, ..., 3, 3).

    Each rotation has two triples, (a, b, c) and (a + pi, pi - b, c + pi), up to multiples of 2 pi. Frame 0 takes the one
    with |b| <= pi / 2, every later frame the one nearest to the frame before.
    """
    angles = _compute_principal_angles(np.asarray(rotmat, dtype=np.float64), order)
    other = angles * (1, -1, 1) + np.pi
    # Both triples of this frame give the same answer to whether the next frame changes from one kind of triple to the other.
    changes = _compute_distance(other[1:], angles[:-1]) < _compute_distance(angles[1:], angles[:-1])
    is_other = np.zeros(angles.shape[:-1], dtype=bool)
    is_other[1:] = np.cumsum(changes, axis=0) % 2 == 1
    return np.unwrap(np.where(is_other[..., None], other, angles), axis=0)


def euler_from_quat(quat: np.ndarray, order: str) -> np.ndarray:
    """Return angles (T, ..., 3) about x, y, z in radians, without jumps, from quaternions (T, ..., 4), w first.

    `order` is Blender's: in "XYZ" the turn about x comes first.
    """
    product = order[::-1]
    angles = continuous_euler(rotmat_from_quat(quat), product)
    return angles[..., [product.index(axis) for axis in "XYZ"]]


def quat_from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    """Return quaternions (..., 4), w first, from angles (..., 3) about x, y, z in radians in Blender's order."""
    product = order[::-1]
    in_product = np.asarray(angles, dtype=np.float64)[..., ["XYZ".index(axis) for axis in product]]
    return quat_from_rotmat(rotmat_from_euler(in_product, product))


def _compute_principal_angles(rotmat: np.ndarray, order: str) -> np.ndarray:
    """Return the angles (T, ..., 3) with |b| <= pi / 2; in gimbal lock the last angle keeps its previous value."""
    i, j, k = ("XYZ".index(axis) for axis in order)
    sign = 1.0 if order in _EVEN_ORDERS else -1.0
    # R[i] = (cos b cos c, -sign cos b sin c, sign sin b) at the columns (i, j, k).
    cosine = np.hypot(rotmat[..., i, i], rotmat[..., i, j])
    middle = np.arctan2(sign * rotmat[..., i, k], cosine)
    last = _fill_unknown(np.arctan2(-sign * rotmat[..., i, j], rotmat[..., i, i]), cosine < _GIMBAL)
    # R Rk(c)^T = Ri(a) Rj(b), whose column j is Ri(a)'s: (cos a, sign sin a) at the rows (j, k).
    column = sign * np.sin(last)[..., None] * rotmat[..., :, i] + np.cos(last)[..., None] * rotmat[..., :, j]
    first = np.arctan2(sign * column[..., k], column[..., j])
    return np.stack((first, middle, last), axis=-1)


def _fill_unknown(values: np.ndarray, is_unknown: np.ndarray) -> np.ndarray:
    """Return values (T, ...) with each unknown one replaced by the last known before it, or else by the first known."""
    frames = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    latest = np.maximum.accumulate(np.where(is_unknown, -1, frames), axis=0)
    first = np.argmin(is_unknown, axis=0, keepdims=True)
    return np.take_along_axis(values, np.where(latest < 0, first, latest), axis=0)


def _compute_distance(angles: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the sum over the three angles of their absolute differences, each at most pi."""
    return np.abs((angles - others + np.pi) % (2 * np.pi) - np.pi).sum(axis=-1)


def _rotate_about(axis: str, angle: np.ndarray) -> np.ndarray:
    """Return rotations (..., 3, 3) about a coordinate axis."""
    i = "XYZ".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    rotmat = np.zeros((*angle.shape, 3, 3))
    rotmat[..., i, i] = 1.0
    rotmat[..., j, j] = rotmat[..., k, k] = np.cos(angle)
    rotmat[..., k, j], rotmat[..., j, k] = np.sin(angle), -np.sin(angle)
    return rotmat
