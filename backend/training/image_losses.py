"""The published losses for image features (MPS-Net, after TCMR and VIBE)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.body import BodyModel
from ..models.regressor import BodyEstimate
from .image_windows import Windows

_FOCAL, _CROP = 5000.0, 224.0
_HIPS = [2, 3]               # of the 14 joints: right and left hip


@dataclass(frozen=True)
class ImageLossWeights:
    """As published."""
    keypoints: float = 300.0
    joints: float = 300.0
    rotations: float = 60.0
    betas: float = 0.06
    adversarial: float = 0.5


def supervised_loss(estimate: BodyEstimate, truth: Windows, body: BodyModel, weights: ImageLossWeights) -> Tensor:
    """Return the loss of estimates (N) of centre frames: 2D keypoints, 3D joints, SMPL's pose and shape where known."""
    posed = body(estimate.rotmats, estimate.betas)
    joints_49 = body.joints_49(posed)
    drawn = project_crop(joints_49, estimate.weak_cam)
    squared = truth.keypoints[..., 2:] * (drawn - truth.keypoints[..., :2]) ** 2
    loss = weights.keypoints * squared.mean()
    if truth.has_joints.any():
        known = truth.has_joints
        difference = centre_on_hips(joints_49[known][:, 25:39]) - centre_on_hips(truth.joints[known])
        loss = loss + weights.joints * (difference ** 2).mean()
    if truth.has_body.any():
        known = truth.has_body
        rotmats = rotmats_from_rotvecs(truth.poses[known].unflatten(1, (24, 3)))
        loss = loss + weights.rotations * ((estimate.rotmats[known] - rotmats) ** 2).mean()
        loss = loss + weights.betas * ((estimate.betas[known] - truth.betas[known]) ** 2).mean()
    return loss


def centre_on_hips(joints: Tensor) -> Tensor:
    """Return joints (N, 14, 3) relative to the middle of the hips."""
    return joints - joints[:, _HIPS].mean(dim=1, keepdim=True)


def project_crop(joints: Tensor, weak_cam: Tensor) -> Tensor:
    """Return points (N, K, 2) in -1..1 of the crop, of joints (N, K, 3) before the camera (N, 3): s, tx, ty."""
    depth = 2 * _FOCAL / (_CROP * weak_cam[:, 0] + 1e-9)
    place = torch.stack((weak_cam[:, 1], weak_cam[:, 2], depth), dim=-1)
    seen = joints + place[:, None]
    return seen[..., :2] / seen[..., 2:] * (_FOCAL / (_CROP / 2))


def rotmats_from_rotvecs(rotvecs: Tensor) -> Tensor:
    """Return rotations (..., 3, 3) of rotation vectors (..., 3) in radians (Rodrigues)."""
    angle = rotvecs.norm(dim=-1, keepdim=True).clamp_min(1e-8)
    x, y, z = (rotvecs / angle).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1).unflatten(-1, (3, 3))
    sine, cosine = angle.sin()[..., None], angle.cos()[..., None]
    return torch.eye(3, device=rotvecs.device) + sine * cross + (1 - cosine) * cross @ cross


def adversarial_loss(fake: Tensor, weights: ImageLossWeights) -> Tensor:
    """Return the network's adversarial loss: the discriminator's values (N,) of its motion should be 1."""
    return weights.adversarial * ((fake - 1) ** 2).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's loss: recorded motion (N,) should give 1, the network's (M,) 0."""
    return ((real - 1) ** 2).mean() + (fake ** 2).mean()
