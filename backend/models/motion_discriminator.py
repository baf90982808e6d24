"""Distinguishes recorded motion from the network's: the discriminator of VIBE (Kocabas et al., CVPR 2020), used by MPS-Net."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BODY_POSE_SIZE = 69


class MotionDiscriminator(nn.Module):
    """Sequences of body poses (N, T, 69), rotation vectors without the root's, to one value each (N,): 1 for recorded.

    Two layers of GRU; of their states the weighted sum over time counts, weighted by a small network of tanh layers.
    """

    def __init__(self, hidden_size: int = 1024, layers: int = 2, attention_layers: int = 3, dropout: float = 0.2):
        super().__init__()
        self.gru = nn.GRU(BODY_POSE_SIZE, hidden_size, layers, batch_first=True)
        steps: list[nn.Module] = []
        for _ in range(attention_layers - 1):
            steps += [nn.Linear(hidden_size, hidden_size), nn.Tanh(), nn.Dropout(dropout)]
        self.attention = nn.Sequential(*steps, nn.Linear(hidden_size, 1), nn.Tanh())
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, body_pose: Tensor) -> Tensor:
        states = self.gru(body_pose)[0]
        share = self.attention(states).softmax(dim=1)
        return self.output((share * states).sum(dim=1))[:, 0]


def rotvecs_from_rotmats(rotmats: Tensor) -> Tensor:
    """Return rotation vectors (..., 3) in radians of rotations (..., 3, 3), with gradients that are finite at no rotation.

    By the quaternion (w, v): theta = 2 atan2(|v|, w), along v. The largest of four forms is taken (Shepperd 1978).
    """
    flat = rotmats.reshape(-1, 3, 3)
    m = [[flat[:, row, column] for column in range(3)] for row in range(3)]
    xyz = torch.stack((m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]), dim=-1)
    forms = torch.stack((
        torch.stack((1 + m[0][0] + m[1][1] + m[2][2], xyz[:, 0], xyz[:, 1], xyz[:, 2]), dim=1),
        torch.stack((xyz[:, 0], 1 + m[0][0] - m[1][1] - m[2][2], m[0][1] + m[1][0], m[0][2] + m[2][0]), dim=1),
        torch.stack((xyz[:, 1], m[0][1] + m[1][0], 1 - m[0][0] + m[1][1] - m[2][2], m[1][2] + m[2][1]), dim=1),
        torch.stack((xyz[:, 2], m[0][2] + m[2][0], m[1][2] + m[2][1], 1 - m[0][0] - m[1][1] + m[2][2]), dim=1)), dim=1)
    best = torch.stack([forms[:, form, form] for form in range(4)], dim=1).argmax(dim=1)
    quat = nn.functional.normalize(forms[torch.arange(len(flat)), best], dim=-1)
    quat = torch.where(quat[:, :1] < 0, -quat, quat)
    vector = quat[:, 1:]
    sine = (vector ** 2).sum(-1, keepdim=True).clamp_min(1e-12).sqrt()
    angle = 2 * torch.atan2(sine, quat[:, :1])
    return (vector * (angle / sine)).reshape(*rotmats.shape[:-2], 3)
