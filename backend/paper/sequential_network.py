"""VIBE: the body of every frame from this frame and all before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from ..models.regressor import BodyEstimate
from ..models.vibe import VIBE
from .network_motion import NetworkMotion
from .windowed_network import load_weights

_FRAMES_AT_ONCE = 512       # bounds memory


class SequentialNetwork:
    """VIBE with one state through the whole track, folded for inference.

    restart_every: None, or after how many frames the state is zero again. The published demo does so every 450 frames, which is
    seen as a jolt, and the published evaluation every 16; for comparison only.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], device: torch.device, restart_every: int | None = None,
                 frames_at_once: int = _FRAMES_AT_ONCE):
        network = load_weights(VIBE(), weights).to(device)
        self._encoder = network.encoder
        with torch.no_grad():
            matrix, offset = network.regressor.as_affine_map()
        self._matrix, self._offset = matrix.float(), offset.float()
        self._device = device
        self._restart_every = restart_every
        self._frames_at_once = frames_at_once

    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048) of consecutive frames, about 30 a second; memory grows only with the result."""
        length = self._restart_every or max(len(features), 1)
        return NetworkMotion.of_estimates((estimate for start in range(0, len(features), length)
                                           for estimate in self._run_sequence(features[start:start + length])), len(features))

    def _run_sequence(self, features: np.ndarray) -> Iterator[BodyEstimate]:
        state = None
        for start in range(0, len(features), self._frames_at_once):
            with torch.inference_mode():
                part = torch.from_numpy(features[start:start + self._frames_at_once]).to(self._device)
                encoding, state = self._encoder(part, state)
                estimate = BodyEstimate.from_vector(encoding @ self._matrix.T + self._offset)
            yield estimate
