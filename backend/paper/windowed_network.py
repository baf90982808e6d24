"""The paper's network: from features of a track to SMPL's parameters of every frame, in the cameras of crop and image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ..models.fast_path import FastMPSNet
from ..models.mpsnet import MPSNet
from .features import CROP_SCALE

WINDOW = 16
CENTRE = 8
_WINDOWS_AT_ONCE = 256      # bounds memory


@dataclass(frozen=True)
class NetworkMotion:
    """The network's result for T frames: rotmats (T, 24, 3, 3), betas (T, 10), weak_cam (T, 3), float32.

    As `models.regressor.BodyEstimate`: the root's matrix takes the rest frame to the crop camera's.
    """
    rotmats: np.ndarray
    betas: np.ndarray
    weak_cam: np.ndarray


def window_indices(frame_count: int) -> np.ndarray:
    """Return the frames (T, 16) of each frame's window, the frame itself at index 8.

    Where the window would leave the clip (the first 8 and the last 7 frames) it is the frame 16 times, as published.
    """
    frames = np.arange(frame_count)[:, None]
    windows = frames + np.arange(WINDOW) - CENTRE
    leaves = (windows[:, :1] < 0) | (windows[:, -1:] >= frame_count)
    return np.where(leaves, frames, windows)


class WindowedNetwork:
    """The temporal network, folded for inference. weights: MPS-Net's, of `models_folder`.

    release_batching: None pairs every window's maps with each other, as in the paper; a number N repeats the published
    code's mixing within batches of N windows (the demo has 64), for comparison only.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], device: torch.device, release_batching: int | None = None):
        self._network = FastMPSNet(make_network(weights).to(device))
        self._device = device
        self._release_batching = release_batching

    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048) of consecutive frames, about 30 a second; memory does not grow with T."""
        chunks = list(self._chunks(features)) or [tuple(np.empty((0, *shape), np.float32) for shape in ((24, 3, 3), (10,), (3,)))]
        return NetworkMotion(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))

    def _chunks(self, features: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        windows = window_indices(len(features))
        size = self._release_batching or _WINDOWS_AT_ONCE
        for start in range(0, len(features), size):
            chosen = windows[start:start + size]
            first, last = chosen.min(), chosen.max()
            near = torch.from_numpy(features[first:last + 1]).to(self._device)
            estimate = self._network(near, torch.from_numpy(chosen - first).to(self._device),
                                     release_batching=self._release_batching is not None)
            yield tuple(part.cpu().numpy() for part in (estimate.rotmats, estimate.betas, estimate.weak_cam))


def make_network(weights: Mapping[str, np.ndarray]) -> MPSNet:
    """Return the network with the paper's sizes, in eval mode."""
    network = MPSNet().eval().requires_grad_(False)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network


def translation_from_weak_cam(weak_cam: np.ndarray, boxes: np.ndarray, camera_matrix: np.ndarray) -> np.ndarray:
    """Return the body's translation (T, 3) in metres in the image's camera (x right, y down, z forward).

    weak_cam (T, 3) is s, tx, ty of the crop; boxes (T, 3) centre cx, cy and side in px, before the crop's scale;
    camera_matrix (3, 3) with focal length f and principal point px, py.

    The crop's side in the image is h = 1.1 side. The network places a point X of the body at u = cx + h/2 s (X + tx); a
    camera at u = px + f (X + x) / z, for points at the body's depth z. The same size gives z = 2 f / (h s), the same
    place x = tx + (cx - px) z / f; y likewise (CLIFF, Li et al., ECCV 2022, eq. 4 and 5).
    """
    scale, shift = weak_cam[:, :1], weak_cam[:, 1:]
    focal, principal = camera_matrix[0, 0], camera_matrix[:2, 2]
    # A scale at or below zero would put the body at infinity or behind the camera.
    depth = 2 * focal / (CROP_SCALE * boxes[:, 2:3] * np.maximum(scale, 1e-3))
    return np.concatenate((shift + (boxes[:, :2] - principal) * depth / focal, depth), axis=1)
