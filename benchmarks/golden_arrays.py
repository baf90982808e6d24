"""Bodies as arrays under the names that golden arrays of published code have."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from backend.models.body import BodyModel
from backend.models.regressor import BodyEstimate
from backend.paper.network_motion import NetworkMotion

FOCAL_LENGTH, CROP_SIZE = 5000.0, 224.0


def estimate_of(motion: NetworkMotion) -> BodyEstimate:
    """Return a network's result as tensors."""
    return BodyEstimate(*map(torch.from_numpy, (motion.rotmats, motion.betas, motion.weak_cam)))


def body_arrays(body: BodyModel, estimate: BodyEstimate, vertices: tuple[slice, slice]) -> dict[str, np.ndarray]:
    """Return parameters, vertices and joints; vertices: which frames and which vertices are compared."""
    bodies = body(estimate.rotmats, estimate.betas)
    joints = body.joints_49(bodies)
    return {"theta": theta(estimate), "rotmat": estimate.rotmats.numpy(), "kp_3d": joints.numpy(),
            "kp_2d": project(joints, estimate.weak_cam).numpy(), "kp_14": body.joints_14(bodies).numpy(),
            "verts_sub": bodies.vertices[vertices].numpy()}


def theta(estimate: BodyEstimate) -> np.ndarray:
    """Return (N, 85): camera 3, rotation vectors 72, betas 10."""
    rotvecs = Rotation.from_matrix(estimate.rotmats.double().numpy().reshape(-1, 3, 3)).as_rotvec().reshape(-1, 72)
    return np.concatenate((estimate.weak_cam.numpy(), rotvecs, estimate.betas.numpy()), axis=1).astype(np.float32)


def project(joints: torch.Tensor, weak_cam: torch.Tensor) -> torch.Tensor:
    """Return joints (N, J, 2) in the crop, from -1 to 1, by a camera of 5000 px at depth 2 * 5000 / (224 s)."""
    points = joints + crop_translation(weak_cam)[:, None]
    return FOCAL_LENGTH / (CROP_SIZE / 2) * points[..., :2] / points[..., 2:]


def crop_translation(weak_cam: torch.Tensor) -> torch.Tensor:
    """Return the body's translation (N, 3) in the crop's camera."""
    depth = 2 * FOCAL_LENGTH / (CROP_SIZE * weak_cam[:, 0] + 1e-9)
    return torch.stack((weak_cam[:, 1], weak_cam[:, 2], depth), dim=1)
