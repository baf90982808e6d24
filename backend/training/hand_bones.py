"""Directions of finger bones relative to the palm: of true points, and of angles, through which torch can differentiate."""

from __future__ import annotations

import numpy as np
import torch

from ..fingers.hand_shape import list_turns, make_rest_points
from ..hands.landmarks import HAND_LANDMARKS, WRIST

_INDEX, _PINKY = 5, 17          # their knuckles
_STARTS = [point for point in range(1, HAND_LANDMARKS) if point % 4]     # of the bones: all but the fingers' tips
_CROSS = torch.tensor(np.cross(np.eye(3)[:, None], np.eye(3)[None]).transpose(2, 1, 0), dtype=torch.float32)


def find_palm_axes(points: np.ndarray) -> np.ndarray:
    """Return the palm's axes (..., 3, 3), in columns, of left hands' points (..., 21, 3): along, out of its back, across."""
    wrist, index, pinky = (points[..., point, :] for point in (WRIST, _INDEX, _PINKY))
    along, back = _normalize((index + pinky) / 2 - wrist), _normalize(np.cross(index - wrist, pinky - wrist))
    return np.stack([along, back, np.cross(along, back)], axis=-1)


def find_bones(points: np.ndarray) -> np.ndarray:
    """Return the directions (T, 15, 3) of finger bones, from the thumb on, in palms' axes; points (T, 21, 3) of left hands."""
    bones = _normalize(points[:, [start + 1 for start in _STARTS]] - points[:, _STARTS])
    return np.einsum("tji,tkj->tki", find_palm_axes(points), bones)


class HandBones(torch.nn.Module):
    """Angles (T, 21) of `list_turns` become directions (T, 15, 3) as those of `find_bones`."""

    def __init__(self) -> None:
        super().__init__()
        rest = make_rest_points()
        self._turns = list_turns()
        self._axes = torch.tensor(np.array([turn.axis for turn in self._turns]), dtype=torch.float32)
        self._bones = torch.tensor(_normalize(np.diff(rest, axis=0)), dtype=torch.float32)
        self._palm = torch.tensor(find_palm_axes(rest), dtype=torch.float32)

    def forward(self, angles: torch.Tensor) -> torch.Tensor:
        bones, rotation, last = [], torch.eye(3), 0
        for number, turn in enumerate(self._turns):
            if turn.pivot % 4 == 1 and turn.pivot != last:
                rotation = torch.eye(3)
            rotation = rotation @ _rotate_about(self._axes[number], angles[:, number])
            if turn is self._turns[-1] or self._turns[number + 1].pivot != turn.pivot:
                bones.append(rotation @ self._bones[turn.pivot] @ self._palm)
            last = turn.pivot
        return torch.stack(bones, dim=1)


def _rotate_about(axis: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Return rotations (T, 3, 3) about an axis (3,) by angles (T,): Rodrigues' formula."""
    cross = torch.tensordot(axis, _CROSS, dims=1)
    sine, cosine = torch.sin(angles)[:, None, None], torch.cos(angles)[:, None, None]
    return torch.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)


def _normalize(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
