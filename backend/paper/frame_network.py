"""SPIN: the body of every frame from this frame alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from ..models.regressor import BodyEstimate, Regressor
from ..models.resnet import FEATURE_SIZE
from .network_motion import NetworkMotion
from .windowed_network import load_weights

_REGRESSOR_SIZE, _ITERATIONS, _DROPOUT = 1024, 3, 0.5     # SPIN's, which all of these networks took over


class FrameNetwork:
    """SPIN's regressor, which is one affine map without dropout."""

    def __init__(self, weights: Mapping[str, np.ndarray], device: torch.device):
        """weights: SPIN's, of `models_folder`: those of its image network are left alone."""
        regressor = make_regressor()
        names = regressor.state_dict().keys()
        with torch.no_grad():
            load_weights(regressor, {name: weights[name] for name in names})
            matrix, offset = regressor.as_affine_map()
        self._matrix, self._offset = matrix.float().to(device), offset.float().to(device)
        self._device = device

    @torch.inference_mode()
    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048)."""
        parts = (torch.from_numpy(features[block]).to(self._device) for block in frame_blocks(len(features)))
        return NetworkMotion.of_estimates((BodyEstimate.from_vector(part @ self._matrix.T + self._offset) for part in parts),
                                          len(features))


def make_regressor() -> Regressor:
    """Return SPIN's regressor without its weights."""
    return Regressor(FEATURE_SIZE, _REGRESSOR_SIZE, _ITERATIONS, _DROPOUT)
