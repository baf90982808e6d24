"""MPS-Net: motion of a person from a window of per-frame features, by attention over time.

Wei, Lin, Liu, Liao, "Capturing humans in motion: temporal-attentive 3D human pose and shape estimation from monocular
video", CVPR 2022. Names of parameters are those of the published checkpoint. Shapes: N windows of T frames, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .regressor import BodyEstimate, Regressor


@dataclass(frozen=True)
class MPSNetConfig:
    """The paper's sizes. `groups` are HAFI's frames of a window; the middle of the middle one is estimated.

    contacts: how many contact probabilities a separate head computes from HAFI's feature; the paper has none.
    """
    feature_size: int = 2048
    window: int = 16
    groups: tuple[tuple[int, int, int], ...] = ((4, 5, 6), (7, 8, 9), (10, 11, 12))
    attention_size: int = 256
    regressor_size: int = 1024
    regressor_iterations: int = 3
    dropout: float = 0.5
    contacts: int = 0

    @property
    def centre(self) -> int:
        """The window's index of the frame that is estimated."""
        return self.groups[1][1]


@dataclass(frozen=True)
class AttentionMaps:
    """MoCA's maps (N, T, T), rows sum to 1: nssm (self-similarity), attention (theta phi^T), fused (what is applied)."""
    nssm: Tensor
    attention: Tensor
    fused: Tensor


@dataclass(frozen=True)
class Encoding:
    """sequence Z (N, T, C); feature (N, C) of the centre frame; scores (N, 3) of HAFI's last step; MoCA's maps."""
    sequence: Tensor
    feature: Tensor
    scores: Tensor
    maps: AttentionMaps


class HAFI(nn.Module):
    """Hierarchical attentive feature integration (section 3.2): frames to three groups, groups to one feature."""

    def __init__(self, config: MPSNetConfig):
        super().__init__()
        size = config.attention_size
        self.groups = config.groups
        self.fc = nn.Linear(config.feature_size, size)
        self.attention = nn.Sequential(nn.Linear(3 * size, size), nn.Tanh(), nn.Linear(size, size), nn.Tanh(),
                                       nn.Linear(size, 3), nn.Tanh())

    def scores(self, resized: Tensor) -> Tensor:
        """Return the weights (N, 3), which sum to 1, of three features already resized by `fc`, (N, 3, size)."""
        return self.attention(resized.flatten(1)).softmax(dim=-1)

    def integrate(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted sum (N, C) of three features (N, 3, C), and its weights (N, 3)."""
        scores = self.scores(self.fc(features))
        return (scores[:, :, None] * features).sum(dim=1), scores

    def forward(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        groups = [self.integrate(sequence[:, frames])[0] for frames in self.groups]
        return self.integrate(torch.stack(groups, dim=1))


class TemporalEncoder(nn.Module):
    """MoCA, motion continuity attention (section 3.1), then HAFI."""

    def __init__(self, config: MPSNetConfig):
        super().__init__()
        channels, inner = config.feature_size, config.feature_size // 2
        self.conv_phi = nn.Conv1d(channels, inner, 1, bias=False)
        self.conv_theta = nn.Conv1d(channels, inner, 1, bias=False)
        self.conv_g = nn.Conv1d(channels, inner, 1, bias=False)
        self.conv_mask = nn.Conv1d(inner, channels, 1, bias=False)
        self.conv_mask_forR = nn.Conv2d(2, 1, 1, bias=False)
        self.attention = HAFI(config)

    def forward(self, features: Tensor, release_batching: bool = False) -> Encoding:
        """Encode features (N, T, C). release_batching: see `fuse_maps`."""
        sequence, maps = self.apply_moca(features, release_batching)
        feature, scores = self.attention(sequence)
        return Encoding(sequence, feature, scores, maps)

    def apply_moca(self, features: Tensor, release_batching: bool) -> tuple[Tensor, AttentionMaps]:
        """Return Z = W (M g) + X, (N, T, C) (eq. 4), and the maps."""
        x = features.transpose(1, 2)                                        # (N, C, T)
        phi, theta, g = self.conv_phi(x), self.conv_theta(x), self.conv_g(x)  # (N, C / 2, T)
        nssm = (features @ x).softmax(dim=-1)                               # rows of X X^T, without a scale
        attention = (theta.transpose(1, 2) @ phi).softmax(dim=-1)
        fused = self.fuse_maps(nssm, attention, release_batching)
        response = self.conv_mask(g @ fused.transpose(1, 2))                # (N, C, T), its columns are rows of M g
        return features + response.transpose(1, 2), AttentionMaps(nssm, attention, fused)

    def fuse_maps(self, nssm: Tensor, attention: Tensor, release_batching: bool) -> Tensor:
        """Return M = softmax(w0 NSSM + w1 A) (eq. 3) of maps (N, R, T).

        With release_batching, maps are paired as the published code does it: it stacks the N NSSMs and the N attention
        maps, L, and gives sample i the pair L[2i], L[2i + 1]; results then depend on the batch. N = 1 is the same.
        """
        pairs = torch.stack((nssm, attention), dim=1)
        if release_batching:
            pairs = torch.cat((nssm, attention)).view_as(pairs)
        return self.conv_mask_forR(pairs)[:, 0].softmax(dim=-1)


class MPSNet(nn.Module):
    """Windows of per-frame inputs (N, T, ...) to the body of each window's centre frame.

    `front` turns inputs into features (N, T, C), frame by frame; the paper's inputs are features already.
    `contact_head` gives logits (N, contacts) from a window's feature (N, C).
    """

    def __init__(self, config: MPSNetConfig | None = None, front: nn.Module | None = None):
        super().__init__()
        self.config = config = config or MPSNetConfig()
        self.front = front or nn.Identity()
        self.nonlocalblock = TemporalEncoder(config)
        self.regressor = Regressor(config.feature_size, config.regressor_size, config.regressor_iterations,
                                   config.dropout)
        if config.contacts:
            self.contact_head = nn.Linear(config.feature_size, config.contacts)

    def forward(self, inputs: Tensor, release_batching: bool = False,
                start: Tensor | None = None) -> tuple[BodyEstimate, Encoding]:
        """Return the estimate (N) of the centre frames, and the encoding that led to it; `start`: see `estimate`."""
        encoding = self.nonlocalblock(self.front(inputs), release_batching)
        return self.estimate(encoding.feature, start), encoding

    def estimate(self, features: Tensor, start: Tensor | None = None) -> BodyEstimate:
        """Return the bodies of features (N, C): HAFI's, or single frames of Z as the motion discriminator sees them.

        The regressor's iteration starts from estimates (N, 157), or from mean parameters.
        """
        return BodyEstimate.from_vector(self.regressor(features, start))
