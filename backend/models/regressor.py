"""From a feature to SMPL's parameters: the iterative regressor of HMR, and 6D rotations.

Kanazawa et al., "End-to-end recovery of human shape and pose", CVPR 2018, with the rotations of Zhou et al., "On the
continuity of rotation representations in neural networks", CVPR 2019, as SPIN (Kolotouros et al., ICCV 2019) joins them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

JOINT_COUNT = 24
POSE_SIZE = 6 * JOINT_COUNT
SHAPE_SIZE = 10
CAMERA_SIZE = 3
ESTIMATE_SIZE = POSE_SIZE + SHAPE_SIZE + CAMERA_SIZE


@dataclass(frozen=True)
class BodyEstimate:
    """SMPL's parameters of N frames: rotmats (N, 24, 3, 3) parent-relative, betas (N, 10), weak_cam (N, 3).

    The root's matrix takes the rest frame to the crop camera's (x right, y down, z forward). weak_cam is s, tx, ty:
    a point X of the body falls on 112 + 112 s (X + tx) px of the 224 px crop, and so for y.
    """
    rotmats: Tensor
    betas: Tensor
    weak_cam: Tensor

    @staticmethod
    def from_vector(vector: Tensor) -> BodyEstimate:
        """Split (N, 157): 144 values of 6D rotations, 10 of shape, 3 of camera."""
        pose, betas, weak_cam = vector.split((POSE_SIZE, SHAPE_SIZE, CAMERA_SIZE), dim=-1)
        return BodyEstimate(rotmats_from_rot6d(pose), betas, weak_cam)


def rotmats_from_rot6d(rot6d: Tensor) -> Tensor:
    """Return rotation matrices (N, 24, 3, 3) from 6D rotations (N, 144): per joint (3, 2), the first two columns.

    Gram-Schmidt: b1 = a1 / |a1|, b2 = (a2 - (b1 . a2) b1) / |...|, b3 = b1 x b2 (Zhou et al. 2019, eq. 15).
    """
    first, second = rot6d.reshape(len(rot6d), JOINT_COUNT, 3, 2).unbind(-1)
    first = functional.normalize(first, dim=-1)
    second = functional.normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack((first, second, torch.linalg.cross(first, second)), dim=-1)


def double(parameter: Tensor) -> Tensor:
    """Return a parameter in double precision, for folding."""
    return parameter.detach().double()


class Regressor(nn.Module):
    """Features (N, feature_size) to the estimate's vector (N, 157), in `iterations` steps from mean parameters."""
    init_pose: Tensor
    init_shape: Tensor
    init_cam: Tensor

    def __init__(self, feature_size: int, hidden_size: int, iterations: int, dropout: float):
        super().__init__()
        self.iterations = iterations
        self.fc1 = nn.Linear(feature_size + ESTIMATE_SIZE, hidden_size)
        self.drop1 = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden_size, hidden_size)
        self.drop2 = nn.Dropout(dropout)
        self.decpose = nn.Linear(hidden_size, POSE_SIZE)
        self.decshape = nn.Linear(hidden_size, SHAPE_SIZE)
        self.deccam = nn.Linear(hidden_size, CAMERA_SIZE)
        for decoder in (self.decpose, self.decshape, self.deccam):
            nn.init.xavier_uniform_(decoder.weight, gain=0.01)
        # Mean parameters, which a checkpoint replaces. In 6D, (1, 0), (0, 1), (0, 0) are the identity's columns.
        self.register_buffer("init_pose", torch.tensor((1.0, 0, 0, 1, 0, 0)).repeat(JOINT_COUNT)[None])
        self.register_buffer("init_shape", torch.zeros(1, SHAPE_SIZE))
        self.register_buffer("init_cam", torch.tensor(((0.9, 0.0, 0.0),)))

    @property
    def mean_vector(self) -> Tensor:
        """The mean parameters (1, 157), where the iteration starts."""
        return torch.cat((self.init_pose, self.init_shape, self.init_cam), dim=1)

    def forward(self, features: Tensor, start: Tensor | None = None) -> Tensor:
        """Return the estimate (N, 157) of features (N, feature_size), from `start` (N, 157) or from mean parameters."""
        estimate = self.mean_vector.expand(len(features), -1) if start is None else start
        for _ in range(self.iterations):
            hidden = self.drop1(self.fc1(torch.cat((features, estimate), dim=1)))
            hidden = self.drop2(self.fc2(hidden))
            estimate = estimate + torch.cat((self.decpose(hidden), self.decshape(hidden), self.deccam(hidden)), dim=1)
        return estimate

    def as_affine_map(self) -> tuple[Tensor, Tensor]:
        """Return A (157, feature_size) and b (157,), float64, with estimate = A x + b where dropout is off."""
        matrix, start_matrix, offset = self.as_affine_map_of_start()
        return matrix, start_matrix @ double(self.mean_vector)[0] + offset

    def as_affine_map_of_start(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return A (157, feature_size), S (157, 157), b (157,), float64, with estimate = A x + S start + b.

        One step is y <- y + D (F2 (Fx x + Fy y + f1) + f2) + d = (I + My) y + Mx x + c: linear in x and y, as there is
        no non-linearity between the layers.
        """
        decoders = (self.decpose, self.decshape, self.deccam)
        decode = torch.cat([double(layer.weight) for layer in decoders])
        per_input = decode @ double(self.fc2.weight) @ double(self.fc1.weight)
        per_feature, per_estimate = per_input[:, :-ESTIMATE_SIZE], per_input[:, -ESTIMATE_SIZE:]
        constant = decode @ (double(self.fc2.weight) @ double(self.fc1.bias) + double(self.fc2.bias))
        constant = constant + torch.cat([double(layer.bias) for layer in decoders])
        matrix, offset = torch.zeros_like(per_feature), torch.zeros_like(constant)
        start_matrix = torch.eye(ESTIMATE_SIZE, dtype=torch.float64, device=constant.device)
        for _ in range(self.iterations):
            matrix = matrix + per_feature + per_estimate @ matrix
            start_matrix = start_matrix + per_estimate @ start_matrix
            offset = offset + per_estimate @ offset + constant
        return matrix, start_matrix, offset
