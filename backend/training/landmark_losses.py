"""The loss of the temporal network on landmarks: rotations, joints, velocities, the picture, contacts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, generic_rest_joints

from ..engines.lifter_inputs import LANDMARK_COUNT
from ..models.regressor import BodyEstimate
from ..people.landmarks import LANDMARK

# Recordings move toes and hands little or not at all: their rotations have a low weight.
_JOINT_WEIGHTS = torch.ones(JOINT_COUNT)
_JOINT_WEIGHTS[[JOINT["left_foot"], JOINT["right_foot"], JOINT["left_wrist"], JOINT["right_wrist"]]] = 0.5
_JOINT_WEIGHTS[[JOINT["left_hand"], JOINT["right_hand"]]] = 0.05
_JOINT_WEIGHTS[JOINT["pelvis"]] = 2.0
_PICTURED = tuple(f"{side}_{joint}" for side in ("left", "right")
                  for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts. Rotations: mean squared difference of matrices; joints, velocities: metres."""
    rotations: float = 1.0
    joints: float = 4.0
    directions: float = 1.0
    velocities: float = 8.0
    picture: float = 0.2
    contacts: float = 0.3


class LandmarkLoss:
    """The weighted sum for runs of R successive centre frames, N of them."""

    def __init__(self, weights: LossWeights | None = None):
        self._weights = weights or LossWeights()
        self._rest = torch.from_numpy(generic_rest_joints()).float()
        self._joints = [JOINT[name] for name in _PICTURED]
        self._landmarks = [LANDMARK[name] for name in _PICTURED]

    def __call__(self, estimate: BodyEstimate, contact_logits: Tensor, rotmats: Tensor, contacts: Tensor, inputs: Tensor,
                 run: int) -> Tensor:
        """Return the loss. estimate and truths have N * R rows: rotmats (N R, 24, 3, 3), contacts (N R, 4), inputs (N R, F)."""
        weights = self._weights
        squared = ((estimate.rotmats - rotmats) ** 2).sum((-1, -2))
        loss = weights.rotations * (squared * _JOINT_WEIGHTS).sum(-1).mean() / _JOINT_WEIGHTS.sum()
        joints, truth = self.pose(estimate.rotmats), self.pose(rotmats)
        loss = loss + weights.joints * (joints - truth).norm(dim=-1).mean()
        bones, true_bones = self.bones(joints), self.bones(truth)
        loss = loss + weights.directions * (1 - functional.cosine_similarity(bones, true_bones, dim=-1)).mean()
        steps = (joints - truth).unflatten(0, (-1, run)).diff(dim=1)
        loss = loss + weights.velocities * steps.norm(dim=-1).mean()
        image = inputs[:, :2 * LANDMARK_COUNT].unflatten(1, (LANDMARK_COUNT, 2))[:, self._landmarks]
        seen = (inputs[:, 2 * LANDMARK_COUNT:3 * LANDMARK_COUNT][:, self._landmarks] > 0)
        camera = estimate.weak_cam[:, None]
        drawn = 2 * camera[..., :1] * joints[:, self._joints, :2] + camera[..., 1:]
        loss = loss + weights.picture * ((drawn - image).abs().sum(-1) * seen).mean()
        return loss + weights.contacts * functional.binary_cross_entropy_with_logits(contact_logits, contacts)

    def pose(self, rotmats: Tensor) -> Tensor:
        """Return joints (N, 24, 3) in metres about the pelvis of an average adult in rotations (N, 24, 3, 3)."""
        turned, joints = [rotmats[:, 0]], [torch.zeros_like(rotmats[:, 0, :, 0])]
        for joint in range(1, JOINT_COUNT):
            parent = PARENTS[joint]
            joints.append(joints[parent] + turned[parent] @ (self._rest[joint] - self._rest[parent]))
            turned.append(turned[parent] @ rotmats[:, joint])
        return torch.stack(joints, dim=1)

    def bones(self, joints: Tensor) -> Tensor:
        """Return the vectors (N, 23, 3) from parents to joints."""
        return joints[:, 1:] - joints[:, list(PARENTS[1:])]
