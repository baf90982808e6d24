"""A motion as a plain AMASS file: AMASS's keys and widths only."""

from __future__ import annotations

import numpy as np

from ...shared.motion_file import Motion
from .rest_pelvis import find_rest_pelvis

_BODY_JOINTS = 22  # the joints that SMPL and SMPL+H share; SMPL's two hand joints do not exist in SMPL+H
_SMPLH_JOINTS, _BETAS, _DMPLS = 52, 16, 8


def make_amass_arrays(motion: Motion) -> dict[str, np.ndarray]:
    """Return AMASS's arrays: poses (T, 156) radians, trans (T, 3) metres, betas (16,), dmpls (T, 8), gender, mocap_framerate.

    The body's 22 joints are the motion's, and so are SMPL+H's fingers, which are straight where the motion has none. `trans` is
    smplx's `transl`: with the rest pelvis of SMPL+H added to it, the body's pelvis is where the motion's is.
    """
    frames = motion.frame_count
    poses = np.zeros((frames, 3 * _SMPLH_JOINTS))
    poses[:, :3 * _BODY_JOINTS] = motion.poses[:, :3 * _BODY_JOINTS]
    if motion.hands is not None:
        poses[:, 3 * _BODY_JOINTS:] = np.concatenate((motion.hands.left_hand_pose, motion.hands.right_hand_pose), axis=1)
    pelvis = np.asarray(motion.rest_joints[0] + motion.trans, dtype=np.float64)
    betas = np.zeros(_BETAS)
    betas[:len(motion.betas)] = motion.betas
    return {"poses": poses, "trans": pelvis - find_rest_pelvis("smplh", motion.gender), "betas": betas,
            "dmpls": np.zeros((frames, _DMPLS)), "gender": np.array(motion.gender),
            "mocap_framerate": np.array(float(motion.mocap_framerate))}
