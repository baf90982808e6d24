"""VIBE: features of a sequence, each changed by what came before it, to a body for every frame.

Kocabas, Athanasiou, Black, "VIBE: Video inference for human body pose and shape estimation", CVPR 2020. Names of parameters are
those of the published checkpoint. Shapes: T frames, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .regressor import Regressor

_LAYERS, _STATE_SIZE = 2, 1024


class VIBEEncoder(nn.Module):
    """Two recurrent layers, forward in time, then a residual."""

    def __init__(self, feature_size: int, state_size: int = _STATE_SIZE):
        super().__init__()
        self.gru = nn.GRU(feature_size, state_size, _LAYERS)
        self.linear = nn.Linear(state_size, feature_size)

    def forward(self, features: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the encoding (T, C) of features (T, C), and the state (2, H) with which the sequence can go on."""
        hidden, state = self.gru(features, state)
        return self.linear(torch.relu(hidden)) + features, state


class VIBE(nn.Module):
    """The encoder and its regressor."""

    def __init__(self, feature_size: int = 2048, state_size: int = _STATE_SIZE, regressor_size: int = 1024):
        super().__init__()
        self.encoder = VIBEEncoder(feature_size, state_size)
        self.regressor = Regressor(feature_size, regressor_size, iterations=3, dropout=0.5)
