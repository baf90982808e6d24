"""The direction of gravity, from upright things in the picture: door frames, corners of walls, lamp posts."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_MIN_LENGTH, _MIN_STEEPNESS = 0.05, 2.5     # of the picture's long side; rise over run: within 22 degrees of its columns
_MAX_LINES = 60                     # the longest of one picture, to bound memory and time
_MOST_COARSE = 500                  # the longest of all pictures, by which the grid is searched
_PITCHES, _ROLLS = np.radians(np.arange(-45, 45.1, 1.0)), np.radians(np.arange(-25, 25.1, 1.0))
# Sigmas of a line's angle: of the grid's step, then of a line of 30 px whose ends are 0.2 px off; rounds of the fit.
_COARSE_SIGMA, _FINE_SIGMA, _ROUNDS = np.radians(1.0), np.radians(0.4), 10
# Share of all steep lines' length that must agree on a direction, and that length on average in a picture, over the long side.
# Chosen by eye on rendered rooms; not measured.
_MIN_SUPPORT, _MIN_TOTAL_LENGTH = 0.25, 0.6
_LEAST_SIGMA = np.radians(0.7)      # of the result: doors and walls stand upright within about half a degree
# Beyond these the fit ran away, from lines near one another that fix no pitch: upright lines would not be steep in the picture.
_FARTHEST_PITCH, _FARTHEST_ROLL = np.radians(50.0), np.radians(26.0)
_LINE_SIGMA = 0.3 * _LEAST_SIGMA    # of the lines' weighted mean, from which the covariance is computed; chosen by eye


@dataclass(frozen=True)
class Vertical:
    """down (3,): gravity in the camera's frame (x right, y down, z forward); sigma (2,) of pitch and roll, radians."""
    down: np.ndarray
    sigma: np.ndarray

    @property
    def pitch(self) -> float:
        """The camera's pitch in radians, positive where it looks down."""
        return float(np.arcsin(np.clip(self.down[2], -1, 1)))

    @property
    def roll(self) -> float:
        """The camera's roll in radians, positive where its right side is too low."""
        return float(np.arctan2(self.down[0], self.down[1]))


def find_steep_lines(grey: np.ndarray) -> np.ndarray:
    """Return the longest steep lines (N, 4) as x, y, x, y px (float32) of a grey picture (H, W) uint8."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4), np.float32)
    lines = found.reshape(-1, 4)
    run, rise = np.abs(lines[:, 2:] - lines[:, :2]).T
    lines = lines[(rise > _MIN_STEEPNESS * run) & (rise > _MIN_LENGTH * max(grey.shape))]
    length = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1)
    return lines[np.argsort(-length)[:_MAX_LINES]].astype(np.float32)


def find_vertical(lines: np.ndarray, rotmats: np.ndarray, pictures: int, intrinsics: np.ndarray) -> Vertical | None:
    """Return the direction on which the steep lines (N, 4) px of a number of pictures agree; None where they do not.

    rotmats (N, 3, 3) take each line's camera axes to those of the result. A line and the camera's centre span a plane; the plane
    of a vertical line contains the vertical, so that down . normal = 0.
    """
    if not len(lines):
        return None
    focal, middle = intrinsics[(0, 1), (0, 1)], intrinsics[:2, 2]
    start, end = (np.column_stack([(lines[:, k:k + 2] - middle) / focal, np.ones(len(lines))]) for k in (0, 2))
    normals = np.cross(start, end)
    normals = np.einsum("nij,nj->ni", rotmats, normals / np.linalg.norm(normals, axis=1, keepdims=True))
    length = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1) / (2 * max(middle))
    down = _find_coarse_down(normals, length)
    for _ in range(_ROUNDS):
        # The direction of least weighted squares: the eigenvector of the scatter matrix's least eigenvalue.
        weight = length * np.exp(-0.5 * (normals @ down / _FINE_SIGMA) ** 2)
        _, vectors = np.linalg.eigh((normals * weight[:, None]).T @ normals)
        down = vectors[:, 0] * np.sign(vectors[1, 0])
    agreeing = weight.sum()
    if agreeing < _MIN_SUPPORT * length.sum() or agreeing < _MIN_TOTAL_LENGTH * pictures:
        return None
    vertical = Vertical(down, _sigma(normals, weight / agreeing, down))
    is_near = abs(vertical.pitch) <= _FARTHEST_PITCH and abs(vertical.roll) <= _FARTHEST_ROLL
    return vertical if is_near else None


def _find_coarse_down(normals: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the direction of a grid on which the greatest length of the longest lines agrees."""
    longest = np.argsort(-length, kind="stable")[:_MOST_COARSE]
    pitch, roll = (grid.ravel() for grid in np.meshgrid(_PITCHES, _ROLLS, indexing="ij"))
    grid = down_in_camera(pitch, roll)
    # In single precision, which is four times as quick.
    off = grid.astype(np.float32) @ (normals[longest] / _COARSE_SIGMA).astype(np.float32).T
    return grid[(np.exp(-0.5 * off ** 2) @ length[longest].astype(np.float32)).argmax()]


def _sigma(normals: np.ndarray, weight: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return the sigmas (2,) of pitch and roll: lines near one another in the picture fix the roll, but hardly the pitch."""
    pitch, roll = np.arcsin(np.clip(down[2], -1, 1)), np.arctan2(down[0], down[1])
    step = 1e-4
    slopes = np.stack([(down_in_camera(pitch + step, roll) - down) / step, (down_in_camera(pitch, roll + step) - down) / step])
    along = normals @ slopes.T                                                          # (N, 2)
    information = (along * weight[:, None]).T @ along
    covariance = np.linalg.inv(information + 1e-6 * np.eye(2)) * _LINE_SIGMA ** 2
    return np.maximum(np.sqrt(np.diag(covariance)), _LEAST_SIGMA)


def down_in_camera(pitch: float | np.ndarray, roll: float | np.ndarray) -> np.ndarray:
    """Return gravity (..., 3) in the axes of a camera that looks down by `pitch` and is rolled by `roll`, radians."""
    return np.stack([np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch) * np.ones_like(roll)], axis=-1)
