"""MEVA: a coarse motion of a chunk from one latent vector, then every frame's body, refined from it.

Luo, Golestaneh, Kitani, "3D human motion estimation via motion compression and refinement", ACCV 2020.
Names of parameters are those of the published checkpoint. Shapes: N chunks of T frames, C channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .regressor import JOINT_COUNT, POSE_SIZE, Regressor

_LATENT_SIZE, _HIDDEN_SIZE = 512, 1024


@dataclass(frozen=True)
class MEVAEncoding:
    """sequence (N, T, C) features; latent (N, 512); coarse_pose (N, T, 144), 6D rotations, per joint the first column, then the
    second."""
    sequence: Tensor
    latent: Tensor
    coarse_pose: Tensor


class RecurrentEncoder(nn.Module):
    """Two recurrent layers in both directions, tanh, and a linear layer."""

    def __init__(self, feature_size: int, state_size: int, output_size: int):
        super().__init__()
        self.gru = nn.GRU(feature_size, state_size, num_layers=2, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * state_size, output_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear(torch.tanh(self.gru(features)[0]))


class MLP(nn.Module):
    """Two linear layers, each with the activation after it."""

    def __init__(self, size: int, hidden_size: int, activation: Callable[[Tensor], Tensor]):
        super().__init__()
        self.affine_layers = nn.ModuleList((nn.Linear(size, hidden_size), nn.Linear(hidden_size, size)))
        self._activation = activation

    def forward(self, inputs: Tensor) -> Tensor:
        for layer in self.affine_layers:
            inputs = self._activation(layer(inputs))
        return inputs


class Decoder(nn.Module):
    """The decoder of MEVA's variational autoencoder: poses of a chunk from its latent vector. Nothing is drawn at random."""

    def __init__(self, latent_size: int, hidden_size: int):
        super().__init__()
        self.d_rnn = nn.ModuleDict({"rnn_f": nn.GRUCell(POSE_SIZE + latent_size, latent_size)})
        self.d_mlp = MLP(latent_size, hidden_size, torch.tanh)
        self.d_out = nn.Linear(latent_size, POSE_SIZE)
        self.init_pose_mlp = MLP(latent_size, hidden_size, torch.relu)
        self.init_pose_out = nn.Linear(latent_size, POSE_SIZE)

    def forward(self, latent: Tensor, length: int) -> Tensor:
        """Return `length` poses (N, T, 144) of latent vectors (N, 512). The first step gets a pose that is not returned."""
        pose = self.init_pose_out(self.init_pose_mlp(latent))
        state, poses = torch.zeros_like(latent), []
        for _ in range(length):
            state = self.d_rnn["rnn_f"](torch.cat((pose, latent), dim=1), state)
            pose = self.d_out(self.d_mlp(state))
            poses.append(pose)
        return torch.stack(poses, dim=1)


class MEVA(nn.Module):
    """Chunks of features to 6D poses, shape and camera; the chunk's first and last frames know each other."""

    def __init__(self, feature_size: int = 2048, state_size: int = 1024, latent_size: int = _LATENT_SIZE,
                 hidden_size: int = _HIDDEN_SIZE, regressor_size: int = 1024):
        super().__init__()
        self.feat_encoder = RecurrentEncoder(feature_size, state_size, feature_size)
        self.motion_encoder = RecurrentEncoder(feature_size, latent_size, latent_size)
        self.vae_model = Decoder(latent_size, hidden_size)
        self.regressor = Regressor(feature_size, regressor_size, iterations=3, dropout=0.5)

    def forward(self, features: Tensor) -> tuple[Tensor, MEVAEncoding]:
        """Return the estimates' vectors (N, T, 157), as `models.regressor` has them, and what led to them."""
        encoding = self.encode(features)
        regressor = self.regressor
        count = features.shape[0] * features.shape[1]
        start = torch.cat((encoding.coarse_pose.reshape(count, -1), regressor.init_shape.expand(count, -1),
                           regressor.init_cam.expand(count, -1)), dim=1)
        vectors = regressor(encoding.sequence.reshape(count, -1), start)
        pose, rest = vectors[:, :POSE_SIZE], vectors[:, POSE_SIZE:]
        return torch.cat((_interleave_columns(pose), rest), dim=1).view(*features.shape[:2], -1), encoding

    def encode(self, features: Tensor) -> MEVAEncoding:
        """Encode chunks of features (N, T, C)."""
        sequence = features + self.feat_encoder(features)
        latent = self.motion_encoder(sequence).mean(dim=1)
        return MEVAEncoding(sequence, latent, self.vae_model(latent, features.shape[1]))


def _interleave_columns(pose: Tensor) -> Tensor:
    """Return 6D rotations (M, 144) as (3, 2) per joint, from (2, 3): MEVA alone writes the first column, then the second."""
    return pose.view(-1, JOINT_COUNT, 2, 3).transpose(2, 3).reshape(len(pose), POSE_SIZE)
