"""MPS-Net and TCMR: the body of every frame from the window of 16 frames around it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..models.fast_path import FastMPSNet
from ..models.mpsnet import MPSNet
from ..models.regressor import BodyEstimate
from ..models.tcmr import TCMR, FastTCMR
from .network_motion import NetworkMotion

WINDOW = 16
CENTRE = 8
_WINDOWS_AT_ONCE = 256      # bounds memory
_Network = TypeVar("_Network", bound=torch.nn.Module)


def window_indices(frame_count: int) -> np.ndarray:
    """Return the frames (T, 16) of each frame's window, the frame itself at index 8.

    Where the window would leave the clip (the first 8 and the last 7 frames) it is the frame 16 times, as published.
    """
    frames = np.arange(frame_count)[:, None]
    windows = frames + np.arange(WINDOW) - CENTRE
    leaves = (windows[:, :1] < 0) | (windows[:, -1:] >= frame_count)
    return np.where(leaves, frames, windows)


class WindowedNetwork:
    """A network that is run on windows, so many at once; memory grows only with the result.

    run_windows: takes features (F, 2048) and windows (N, 16) of indices into them, returns the bodies (N) of the centres.
    """

    def __init__(self, run_windows: Callable[[Tensor, Tensor], BodyEstimate], device: torch.device,
                 windows_at_once: int = _WINDOWS_AT_ONCE):
        self._run_windows = run_windows
        self._device = device
        self._windows_at_once = windows_at_once

    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048) of consecutive frames, about 30 a second."""
        return NetworkMotion.of_estimates(self._chunks(features), len(features))

    def _chunks(self, features: np.ndarray) -> Iterator[BodyEstimate]:
        windows = window_indices(len(features))
        for start in range(0, len(features), self._windows_at_once):
            chosen = windows[start:start + self._windows_at_once]
            first, last = chosen.min(), chosen.max()
            near = torch.from_numpy(features[first:last + 1]).to(self._device)
            yield self._run_windows(near, torch.from_numpy(chosen - first).to(self._device))


def make_mpsnet(weights: Mapping[str, np.ndarray], device: torch.device, release_batching: int | None = None) -> WindowedNetwork:
    """Return MPS-Net, folded for inference. weights: of `models_folder`.

    release_batching: None pairs every window's maps with each other, as in the paper; a number N repeats the published
    code's mixing within batches of N windows (the demo has 64), for comparison only.
    """
    network = FastMPSNet(load_weights(MPSNet(), weights).to(device))
    if release_batching is None:
        return WindowedNetwork(network, device)
    return WindowedNetwork(functools.partial(network, release_batching=True), device, release_batching)


def make_tcmr(weights: Mapping[str, np.ndarray], device: torch.device) -> WindowedNetwork:
    """Return TCMR, folded for inference. weights: of `models_folder`."""
    return WindowedNetwork(FastTCMR(load_weights(TCMR(), weights).to(device)), device)


def load_weights(network: _Network, weights: Mapping[str, np.ndarray]) -> _Network:
    """Return the network with these weights, frozen, in eval mode."""
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network.eval().requires_grad_(False)
