"""Windows of the preprocessed training sets: features of 16 frames, and the truth of the one that is supervised.

The sets are those that the authors distribute (VIBE's form): per frame vid_name, features (2048,), bbox (cx, cy, w, h),
joints2D (49, 3) px and confidence, and in 3D sets joints3D (49, 3) or (14, 3) metres, pose (72,) and shape (10,).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..base.errors import DatasetError
from ..evaluation.joblib_files import JoblibDictionary, open_joblib
from ..evaluation.preprocessed_sets import JOINTS_14
from ..models.mpsnet import MPSNetConfig
from ..paper.networks import NETWORKS

WINDOW, CENTRE = MPSNetConfig().window, MPSNetConfig().centre
_CROP_SCALE = NETWORKS["mpsnet"].crop_scale
_SHAPES = {"features": ((2048,),), "bbox": ((4,),), "joints2D": ((49, 3),), "joints3D": ((49, 3), (14, 3)),
           "pose": ((72,),), "shape": ((10,),)}


@dataclass(frozen=True)
class Windows:
    """N windows: features (N, 16, 2048); of the centre frame keypoints (N, 49, 3) in -1..1 of the crop and confidence,
    joints (N, 14, 3) m, has_joints (N,), poses (N, 72), betas (N, 10), has_body (N,). Missing values are 0."""
    features: Tensor
    keypoints: Tensor
    joints: Tensor
    has_joints: Tensor
    poses: Tensor
    betas: Tensor
    has_body: Tensor

    def __getitem__(self, rows: Tensor) -> Windows:
        return Windows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.features)


def read_windows(path: Path, stride: int = WINDOW) -> Windows:
    """Return a set's windows, one every `stride` frames of each video. Raises DatasetError."""
    with open_joblib(path) as contents:
        names = contents.array("vid_name")
        starts = window_starts(names, stride)
        if not len(starts):
            raise DatasetError(f"{path.name} has no video of {WINDOW} frames.", "Choose one of the authors' preprocessed sets.")
        rows = starts[:, None] + np.arange(WINDOW)
        centres = rows[:, CENTRE]
        features = _column(contents, "features", path.name, len(names))[rows]
        keypoints = _keypoints(contents, path.name, centres, len(names))
        joints, has_joints = _optional(contents, "joints3D", path.name, centres, len(names), (14, 3))
        poses, has_pose = _optional(contents, "pose", path.name, centres, len(names), (72,))
        betas, has_shape = _optional(contents, "shape", path.name, centres, len(names), (10,))
    arrays = (features, keypoints, joints, has_joints, poses, betas, has_pose & has_shape)
    return Windows(*(torch.from_numpy(np.ascontiguousarray(array.astype(bool if array.dtype == bool else np.float32)))
                     for array in arrays))


def read_recorded_poses(path: Path) -> Tensor:
    """Return body poses (N, 16, 69) of recorded motion: AMASS's file has theta (N, 85), camera, pose and shape."""
    with open_joblib(path) as contents:
        names, theta = contents.array("vid_name"), contents.array("theta")
        if theta.ndim != 2 or theta.shape[1] < 75 or len(theta) != len(names):
            raise DatasetError(f"{path.name}: theta has shape {theta.shape}, expected ({len(names)}, 85).",
                               "Choose the authors' preprocessed AMASS.")
        rows = window_starts(names, WINDOW)[:, None] + np.arange(WINDOW)
        return torch.from_numpy(theta[rows][..., 6:75].astype(np.float32))


def join_windows(parts: list[Windows]) -> Windows:
    """Return the windows of several sets as one set."""
    return Windows(*(torch.cat([getattr(part, name) for part in parts]) for name in Windows.__dataclass_fields__))


def window_starts(names: np.ndarray, stride: int) -> np.ndarray:
    """Return the first rows (N,) of windows that each lie within one video, whose rows are consecutive."""
    breaks = np.concatenate([[0], np.flatnonzero(names[1:] != names[:-1]) + 1, [len(names)]])
    return np.concatenate([np.arange(first, last - WINDOW + 1, stride) for first, last in itertools.pairwise(breaks)])


def _keypoints(contents: JoblibDictionary, name: str, centres: np.ndarray, count: int) -> np.ndarray:
    """Return keypoints (N, 49, 3) in -1..1 of the crop about the box; confidence 0 where a set has none."""
    if "joints2D" not in contents or "bbox" not in contents:
        return np.zeros((len(centres), 49, 3), np.float32)
    keypoints = np.array(_column(contents, "joints2D", name, count)[centres], np.float32)
    boxes = np.array(_column(contents, "bbox", name, count)[centres], np.float32)
    half = _CROP_SCALE * np.maximum(boxes[:, 2], boxes[:, 3])[:, None, None] / 2
    keypoints[..., :2] = (keypoints[..., :2] - boxes[:, None, :2]) / np.maximum(half, 1e-6)
    return keypoints


def _optional(contents: JoblibDictionary, key: str, name: str, centres: np.ndarray, count: int,
              shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return a truth (N, ...), and whether it exists (N,)."""
    if key not in contents:
        return np.zeros((len(centres), *shape), np.float32), np.zeros(len(centres), bool)
    values = np.array(_column(contents, key, name, count)[centres])
    return (values[:, list(JOINTS_14)] if values.shape[1:] == (49, 3) else values), np.ones(len(centres), bool)


def _column(contents: JoblibDictionary, key: str, name: str, count: int) -> np.ndarray:
    array = contents.array(key)
    if len(array) != count or array.shape[1:] not in _SHAPES[key]:
        expected = " or ".join(str((count, *shape)) for shape in _SHAPES[key])
        raise DatasetError(f"{name}: {key} has shape {array.shape}, expected {expected}.",
                           "Choose one of the authors' preprocessed sets.")
    return array
