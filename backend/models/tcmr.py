"""TCMR: the body of a window's middle frame from the past, the future, and the whole window.

Choi, Moon, Chang, Lee, "Beyond static features for temporally consistent 3D human pose and shape from a video", CVPR 2021.
Names of parameters are those of the published checkpoint. Shapes: N windows of 16 frames, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .gru import GRUWeights
from .mpsnet import HAFI, MPSNetConfig
from .regressor import BodyEstimate, Regressor

_WINDOW, _CENTRE = 16, 8
_LAYERS, _STATE_SIZE, _ATTENTION_SIZE = 2, 1024, 256


class TCMREncoder(nn.Module):
    """Three recurrent networks of two layers; there is no residual."""

    def __init__(self, feature_size: int, state_size: int, attention_size: int):
        super().__init__()
        self.gru_cur = nn.GRU(feature_size, state_size, _LAYERS, bidirectional=True)
        self.gru_bef = nn.GRU(feature_size, state_size, _LAYERS)
        self.gru_aft = nn.GRU(feature_size, state_size, _LAYERS)
        self.linear_cur = nn.Linear(2 * state_size, feature_size)
        self.linear_bef = nn.Linear(state_size, feature_size)
        self.linear_aft = nn.Linear(state_size, feature_size)
        # Three features to one with weights: MPS-Net's HAFI took it over from here, with the names of its parameters.
        self.attention = HAFI(MPSNetConfig(feature_size, attention_size=attention_size))


class TCMR(nn.Module):
    """The encoder and its regressor."""

    def __init__(self, feature_size: int = 2048, state_size: int = _STATE_SIZE, attention_size: int = _ATTENTION_SIZE,
                 regressor_size: int = 1024):
        super().__init__()
        self.encoder = TCMREncoder(feature_size, state_size, attention_size)
        self.regressor = Regressor(feature_size, regressor_size, iterations=3, dropout=0.5)


class FastTCMR:
    """The frozen network, folded: inputs of the recurrent layers are multiplied once a frame, and the regressor is one map.

    A layer computes no further than what is read of it: at the centre, of the whole window; at the end, of past and future.
    """

    def __init__(self, network: TCMR):
        with torch.no_grad():
            self._encoder = encoder = network.encoder
            self._whole = [[GRUWeights.of_layer(encoder.gru_cur, layer, is_reversed) for is_reversed in (False, True)]
                           for layer in range(_LAYERS)]
            self._past = [GRUWeights.of_layer(encoder.gru_bef, layer) for layer in range(_LAYERS)]
            self._future = [GRUWeights.of_layer(encoder.gru_aft, layer) for layer in range(_LAYERS)]
            matrix, offset = network.regressor.as_affine_map()
            self._matrix, self._offset = matrix.float(), offset.float()

    @torch.inference_mode()
    def __call__(self, inputs: Tensor, windows: Tensor) -> BodyEstimate:
        """Return the bodies (N) of windows of frames: inputs (F, C) per frame, windows (N, 16) of indices into them."""
        fused = self.encode(inputs, windows)[0]
        return BodyEstimate.from_vector(fused @ self._matrix.T + self._offset)

    @torch.inference_mode()
    def encode(self, inputs: Tensor, windows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the fused feature (N, C), the three features (N, 3, C) of past, whole window and future, and weights (N, 3)."""
        encoder = self._encoder
        past = _run_layers(self._past, inputs, windows[:, :_CENTRE])
        future = _run_layers(self._future, inputs, windows[:, _CENTRE + 1:].flip(1))
        features = torch.stack((encoder.linear_bef(past.relu()), encoder.linear_cur(self._run_whole(inputs, windows).relu()),
                                encoder.linear_aft(future.relu())), dim=1)
        fused, weights = encoder.attention.integrate(features)
        return fused, features, weights

    def _run_whole(self, inputs: Tensor, windows: Tensor) -> Tensor:
        """Return both directions' last states (N, 2 H) at the centre."""
        (forward, backward), (later_forward, later_backward) = self._whole
        ahead = forward.run(_gather(forward.project(inputs), windows))
        behind = backward.run(_gather(backward.project(inputs), windows.flip(1)))[::-1]
        both = [torch.cat(pair, dim=1) for pair in zip(ahead, behind, strict=True)]
        return torch.cat((later_forward.run([later_forward.project(step) for step in both[:_CENTRE + 1]])[-1],
                          later_backward.run([later_backward.project(step) for step in both[:_CENTRE - 1:-1]])[-1]), dim=1)


def _run_layers(layers: list[GRUWeights], inputs: Tensor, frames: Tensor) -> Tensor:
    """Return the last state (N, H) of two layers over frames (N, T), indices into inputs (F, C)."""
    first, second = layers
    states = first.run(_gather(first.project(inputs), frames))
    return second.run([second.project(state) for state in states])[-1]


def _gather(projected: Tensor, frames: Tensor) -> list[Tensor]:
    """Return one tensor (N, 3 H) a step, from products (F, 3 H) and frames (N, T)."""
    return [projected[step] for step in frames.T]
