"""Products, rotations and interpolation of unit quaternions, w first, and products of vectors. Any leading shapes that broadcast,
float64."""

from __future__ import annotations

import numpy as np


def multiply(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return first * second (..., 4): the rotation `second`, then `first`."""
    aw, ax, ay, az = np.moveaxis(np.asarray(first, dtype=np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(second, dtype=np.float64), -1, 0)
    return np.stack((
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw), axis=-1)


def conjugate(quat: np.ndarray) -> np.ndarray:
    """Return the inverse rotations (..., 4)."""
    return np.asarray(quat, dtype=np.float64) * (1.0, -1.0, -1.0, -1.0)


def turn(quat: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., 3) turned by quaternions (..., 4): v + 2 w (u x v) + 2 u x (u x v)."""
    w, x, y, z = np.moveaxis(np.asarray(quat, dtype=np.float64), -1, 0)
    vx, vy, vz = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    ax, ay, az = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
    return np.stack((vx + 2 * (w * ax + (y * az - z * ay)), vy + 2 * (w * ay + (z * ax - x * az)),
                     vz + 2 * (w * az + (x * ay - y * ax))), axis=-1)


def slerp(start: np.ndarray, goal: np.ndarray, fraction: np.ndarray | float) -> np.ndarray:
    """Return the rotations (..., 4) at a fraction (...) of the shorter arc from `start` to `goal` (..., 4) (Shoemake 1985)."""
    cosine = dot(start, goal)
    goal = np.where(cosine < 0, -goal, goal)
    fraction = np.asarray(fraction, dtype=np.float64)[..., None]
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))
    sine = np.sin(angle)
    # Where both are nearly the same rotation, linear interpolation is exact enough and avoids 0 / 0.
    is_near = sine < 1e-6
    divisor = np.where(is_near, 1, sine)
    first = np.where(is_near, 1 - fraction, np.sin((1 - fraction) * angle) / divisor)
    second = np.where(is_near, fraction, np.sin(fraction * angle) / divisor)
    mixed = first * start + second * goal
    return mixed / measure_lengths(mixed)


def twist_about(quat: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Return the part (..., 4) of the rotations that turns about the unit axis (..., 3): quat = swing * twist."""
    along = dot(quat[..., 1:], axis)
    twist = np.concatenate((quat[..., :1], along * axis), axis=-1)
    length = measure_lengths(twist)
    # For a half turn about a perpendicular axis, the twist is not defined: the identity is taken.
    return np.where(length > 1e-9, twist / np.maximum(length, 1e-9), (1.0, 0.0, 0.0, 0.0))


def dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the dot products (..., 1) of vectors (..., n): several times quicker than sums along so short an axis."""
    product, *others = np.moveaxis(first * second, -1, 0)
    return sum(others, product)[..., None]


def measure_lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths (..., 1) of vectors (..., n)."""
    return np.sqrt(dot(vectors, vectors))
