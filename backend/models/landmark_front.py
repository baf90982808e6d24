"""The front that turns a frame's landmarks into a feature, where the paper has ResNet-50's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class LandmarkFront(nn.Module):
    """Inputs (..., input_size) of one frame to features (..., feature_size), whatever the frames around it."""

    def __init__(self, input_size: int, feature_size: int, hidden_size: int, dropout: float):
        super().__init__()
        self.widen = nn.Linear(input_size, hidden_size)
        self.reduce = nn.Linear(hidden_size, feature_size)
        self.norm = nn.LayerNorm(feature_size)
        self.inner = nn.Linear(feature_size, hidden_size)
        self.outer = nn.Linear(hidden_size, feature_size)
        self.scale = nn.LayerNorm(feature_size)
        self.drop = nn.Dropout(dropout)
        # MoCA's self-similarity X X^T has no scale factor: with features of length 4 its softmax is soft at first.
        nn.init.constant_(self.scale.weight, 4 / feature_size ** 0.5)

    def forward(self, inputs: Tensor) -> Tensor:
        feature = self.norm(self.reduce(self.drop(functional.gelu(self.widen(inputs), approximate="tanh"))))
        feature = feature + self.outer(self.drop(functional.gelu(self.inner(feature), approximate="tanh")))
        return self.scale(feature)

    @torch.no_grad()
    def arrays(self) -> dict[str, Tensor]:
        """Return the parameters by name, for inference without torch."""
        return {name: parameter.detach().clone() for name, parameter in self.named_parameters()}
