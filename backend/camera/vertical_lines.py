"""Which way is down, from what stands upright in the picture: door frames, corners of walls, lamp posts."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_MIN_LENGTH, _MIN_STEEPNESS = 0.05, 2.5     # of the picture's long side; rise over run
_MAX_LINES = 60                     # of one picture, the longest
_PITCHES, _ROLLS = np.radians(np.arange(-45, 45.1, 1.0)), np.radians(np.arange(-20, 20.1, 1.0))
_COARSE_SIGMA, _FINE_SIGMA, _ROUNDS = np.radians(1.0), np.radians(0.4), 10
_MIN_SUPPORT = 0.25                 # of all steep lines' length must agree on a direction
_MIN_LENGTH_IN_ALL = 0.6            # of the picture's long side, on average in a picture
_SURENESS = np.radians(0.7)         # lines are never trusted beyond this


@dataclass(frozen=True)
class Vertical:
    """Down (3,) in the camera's frame (x right, y down, z forward), and how sure (2,): sigmas of pitch and roll, radians."""
    down: np.ndarray
    sigma: np.ndarray

    @property
    def pitch(self) -> float:
        """Return by how many radians the camera looks down."""
        return float(np.arcsin(np.clip(self.down[2], -1, 1)))

    @property
    def roll(self) -> float:
        """Return by how many radians the camera's right side is held too low."""
        return float(np.arctan2(self.down[0], self.down[1]))


def steep_lines(grey: np.ndarray) -> np.ndarray:
    """Return the longest steep lines (N, 4) as x, y, x, y px (float32) of a grey picture (H, W) uint8."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4), np.float32)
    lines = found.reshape(-1, 4)
    run, rise = np.abs(lines[:, 2:] - lines[:, :2]).T
    lines = lines[(rise > _MIN_STEEPNESS * run) & (rise > _MIN_LENGTH * max(grey.shape))]
    length = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1)
    return lines[np.argsort(-length)[:_MAX_LINES]].astype(np.float32)


def find_vertical(lines: np.ndarray, turns: np.ndarray, pictures: int, intrinsics: np.ndarray) -> Vertical | None:
    """Return the direction on which the steep lines (N, 4) px of so many pictures agree; None where they do not.

    turns (N, 3, 3) take each line's camera axes to those of the answer. A line and the camera's place span a plane; a
    vertical line's plane holds the vertical, so that down . normal = 0.
    """
    if not len(lines):
        return None
    focal, middle = intrinsics[(0, 1), (0, 1)], intrinsics[:2, 2]
    start, end = (np.column_stack([(lines[:, k:k + 2] - middle) / focal, np.ones(len(lines))]) for k in (0, 2))
    normals = np.cross(start, end)
    normals = np.einsum("nij,nj->ni", turns, normals / np.linalg.norm(normals, axis=1, keepdims=True))
    length = np.linalg.norm(lines[:, 2:] - lines[:, :2], axis=1) / (2 * max(middle))
    down = _coarse(normals, length)
    for _ in range(_ROUNDS):
        # The direction of least weighted squares: the scatter matrix's last eigenvector.
        weight = length * np.exp(-0.5 * (normals @ down / _FINE_SIGMA) ** 2)
        _, vectors = np.linalg.eigh((normals * weight[:, None]).T @ normals)
        down = vectors[:, 0] * np.sign(vectors[1, 0])
    agreeing = weight.sum()
    if agreeing < _MIN_SUPPORT * length.sum() or agreeing < _MIN_LENGTH_IN_ALL * pictures:
        return None
    return Vertical(down, _sigma(normals, weight / agreeing, down))


def _coarse(normals: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the direction among a grid's on which most length of lines agrees."""
    pitch, roll = (grid.ravel() for grid in np.meshgrid(_PITCHES, _ROLLS, indexing="ij"))
    grid = down_in_camera(pitch, roll)
    support = np.zeros(len(grid))
    for block in range(0, len(normals), 256):
        part = slice(block, block + 256)
        support += np.exp(-0.5 * (grid @ normals[part].T / _COARSE_SIGMA) ** 2) @ length[part]
    return grid[support.argmax()]


def _sigma(normals: np.ndarray, weight: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return the sigmas (2,) of pitch and roll: lines side by side in the picture tell the roll, but hardly the pitch."""
    pitch, roll = np.arcsin(np.clip(down[2], -1, 1)), np.arctan2(down[0], down[1])
    step = 1e-4
    slopes = np.stack([(down_in_camera(pitch + step, roll) - down) / step, (down_in_camera(pitch, roll + step) - down) / step])
    along = normals @ slopes.T                                                          # (N, 2)
    information = (along * weight[:, None]).T @ along
    covariance = np.linalg.inv(information + 1e-6 * np.eye(2)) * (_SURENESS * 0.3) ** 2
    return np.maximum(np.sqrt(np.diag(covariance)), _SURENESS)


def down_in_camera(pitch, roll) -> np.ndarray:
    """Return gravity (..., 3) in the axes of a camera that looks down by `pitch` and is turned by `roll` about its view."""
    return np.stack([np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch) * np.ones_like(roll)], axis=-1)
