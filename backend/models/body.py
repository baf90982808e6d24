"""SMPL through smplx, from arrays: vertices and joints of posed bodies, and the joint sets of datasets.

Loper et al., "SMPL: a skinned multi-person linear model", SIGGRAPH Asia 2015.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import smplx
import torch
from smplx.utils import Struct
from torch import Tensor, nn

# SPIN's 49 joints: OpenPose's 25, then 24 of LSP, MPII, Human3.6M and COCO. Numbers below 24 are SMPL's joints, below 45
# smplx's points on the surface (nose, eyes, ears, feet, finger tips), the last nine those of `extra_regressor`.
_JOINTS_49 = (24, 12, 17, 19, 21, 16, 18, 20, 0, 2, 5, 8, 1, 4, 7, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34,
              8, 5, 45, 46, 4, 7, 21, 19, 17, 16, 18, 20, 47, 48, 49, 50, 51, 52, 53, 24, 26, 25, 28, 27)
# Of the 17 joints of Human3.6M, the 14 that are evaluated, in LSP's order: right ankle ... head.
_JOINTS_14 = (6, 5, 4, 1, 2, 3, 16, 15, 14, 11, 12, 13, 8, 10)


@dataclass(frozen=True)
class PosedBodies:
    """vertices (N, 6890, 3) and points (N, 45, 3), SMPL's 24 joints and 21 points of the surface; metres."""
    vertices: Tensor
    points: Tensor

    @property
    def joints(self) -> Tensor:
        """SMPL's joints (N, 24, 3)."""
        return self.points[:, :24]


class BodyModel(nn.Module):
    """SMPL of one gender. Rest coordinates: metres, Y up, the body faces +Z; the root turns about its rest joint.

    arrays: v_template (6890, 3), shapedirs (6890, 3, 10), posedirs (6890, 3, 207), J_regressor (24, 6890),
    weights (6890, 24), parents (24,), faces (13776, 3). The regressors of further joints, (9, 6890) and (17, 6890),
    may be left out; their joints then cannot be asked for.
    """
    _joint_shapes: Tensor
    _mean_joints: Tensor
    _extra_regressor: Tensor
    _h36m_regressor: Tensor

    def __init__(self, arrays: Mapping[str, np.ndarray], extra_regressor: np.ndarray | None = None,
                 h36m_regressor: np.ndarray | None = None):
        super().__init__()
        self._smpl = _smplx_body(arrays)
        shapes = np.einsum("jv,vck->jck", arrays["J_regressor"].astype(np.float64), arrays["shapedirs"])
        self.register_buffer("_joint_shapes", torch.from_numpy(shapes).float())
        self.register_buffer("_mean_joints", torch.from_numpy(arrays["J_regressor"] @ arrays["v_template"]).float())
        for name, regressor in (("_extra_regressor", extra_regressor), ("_h36m_regressor", h36m_regressor)):
            self.register_buffer(name, None if regressor is None else torch.as_tensor(regressor, dtype=torch.float32))

    def rest_joints(self, betas: Tensor) -> Tensor:
        """Return the joints (N, 24, 3) of the T-pose for shapes (N, 10)."""
        return self._mean_joints + torch.einsum("nk,jck->njc", betas, self._joint_shapes)

    def forward(self, rotmats: Tensor, betas: Tensor) -> PosedBodies:
        """Pose bodies by rotmats (N, 24, 3, 3), parent-relative, and betas (N, 10); the translation is zero."""
        posed = self._smpl(betas=betas, global_orient=rotmats[:, :1], body_pose=rotmats[:, 1:], pose2rot=False)
        return PosedBodies(posed.vertices, posed.joints)

    def joints_49(self, bodies: PosedBodies) -> Tensor:
        """Return SPIN's joints (N, 49, 3). Needs the extra regressor."""
        extra = self._extra_regressor @ bodies.vertices
        return torch.cat((bodies.points, extra), dim=1)[:, _JOINTS_49]

    def joints_17(self, bodies: PosedBodies) -> Tensor:
        """Return Human3.6M's joints (N, 17, 3). Needs its regressor."""
        return self._h36m_regressor @ bodies.vertices

    def joints_14(self, bodies: PosedBodies) -> Tensor:
        """Return the joints (N, 14, 3) that the papers evaluate. Needs Human3.6M's regressor."""
        return self.joints_17(bodies)[:, _JOINTS_14]


def _smplx_body(arrays: Mapping[str, np.ndarray]) -> smplx.SMPL:
    struct = Struct(kintree_table=np.maximum(arrays["parents"], 0)[None], f=arrays["faces"],
                    **{name: arrays[name] for name in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")})
    # smplx prints a warning where a body has 10 shape coefficients, which is what the network estimates.
    with contextlib.redirect_stdout(io.StringIO()):
        body = smplx.SMPL("", data_struct=struct, create_betas=False, create_global_orient=False,
                          create_body_pose=False, create_transl=False)
    return body.requires_grad_(False)
