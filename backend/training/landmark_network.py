"""The temporal network on landmarks: MPS-Net with another front, its regressor starting from the analytic solve.

The ablation's networks leave parts of it out, as the paper's table does.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..engines.lifter_inputs import INPUT_SIZE, POSE_SIZE
from ..models.landmark_front import LandmarkFront
from ..models.mpsnet import MPSNet, MPSNetConfig
from ..models.regressor import CAMERA_SIZE, ESTIMATE_SIZE, BodyEstimate

KINDS = ("frame", "mean", "nonlocal", "moca", "moca_hafi")
CONFIG = MPSNetConfig(feature_size=256, attention_size=64, regressor_size=512, dropout=0.2, contacts=4)
_HAFI_FRAMES = slice(CONFIG.groups[0][0], CONFIG.groups[-1][-1] + 1)
FRONT_SIZE, FRONT_DROPOUT = 512, 0.2
# The two maps' initial weights: entries lie in 0..1, and without a factor a softmax over 16 frames would be nearly even.
_MAP_WEIGHT = 8.0


class LandmarkNetwork(nn.Module):
    """Computes the bodies and contacts of windows' centre frames from frames' inputs. `kind` is one of KINDS."""

    def __init__(self, kind: str = "moca_hafi"):
        super().__init__()
        self.kind = kind
        self.mpsnet = MPSNet(CONFIG, LandmarkFront(INPUT_SIZE, CONFIG.feature_size, FRONT_SIZE, FRONT_DROPOUT))
        encoder = self.mpsnet.nonlocalblock
        nn.init.zeros_(encoder.conv_mask.weight)        # initially the attention changes nothing
        nn.init.constant_(encoder.conv_mask_forR.weight, _MAP_WEIGHT)

    @property
    def front(self) -> LandmarkFront:
        """The front that this network was made with: for MPSNet it may be any module."""
        return cast(LandmarkFront, self.mpsnet.front)

    def forward(self, inputs: Tensor, windows: Tensor, start: Tensor) -> tuple[BodyEstimate, Tensor]:
        """Return bodies and contact logits (N, 4) of windows (N, T) of frames' inputs (F, INPUT_SIZE); start (N, 144)."""
        feature = self.window_feature(self.front(inputs), windows)
        return self.mpsnet.estimate(feature, make_start_vector(start)), self.mpsnet.contact_head(feature)

    def window_feature(self, features: Tensor, windows: Tensor) -> Tensor:
        """Return one feature (N, C) for each window (N, T) of frames' features (F, C)."""
        if self.kind == "frame":
            return features[windows[:, CONFIG.centre]]
        if self.kind == "mean":
            return features[windows].mean(dim=1)
        if self.kind == "moca_hafi":
            hafi = self.mpsnet.nonlocalblock.attention
            groups = self.apply_moca(features, windows, _HAFI_FRAMES).split(3, dim=1)
            return hafi.integrate(torch.stack([hafi.integrate(group)[0] for group in groups], dim=1))[0]
        return self.apply_moca(features, windows, slice(CONFIG.centre, CONFIG.centre + 1))[:, 0]

    def apply_moca(self, features: Tensor, windows: Tensor, rows: slice) -> Tensor:
        """Return `TemporalEncoder.apply_moca`'s Z at some frames (N, R, C) of windows (N, T), each frame projected once."""
        encoder, chosen = self.mpsnet.nonlocalblock, windows[:, rows]
        theta, phi, g = (functional.linear(features, layer.weight[..., 0])
                         for layer in (encoder.conv_theta, encoder.conv_phi, encoder.conv_g))
        fused = (theta[chosen] @ phi[windows].transpose(1, 2)).softmax(dim=-1)
        if self.kind != "nonlocal":
            nssm = (features[chosen] @ features[windows].transpose(1, 2)).softmax(dim=-1)
            fused = encoder.fuse_maps(nssm, fused, release_batching=False)
        return features[chosen] + functional.linear(fused @ g[windows], encoder.conv_mask.weight[..., 0])


def make_start_vector(pose: Tensor) -> Tensor:
    """Return the estimate's vector (N, 157) whose pose is given as 6D (N, 144), of mean shape before a camera of scale 1."""
    rest = torch.zeros(len(pose), ESTIMATE_SIZE - POSE_SIZE, dtype=pose.dtype, device=pose.device)
    rest[:, -CAMERA_SIZE] = 1.0
    return torch.cat((pose, rest), dim=1)
