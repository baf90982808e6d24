"""A motion as a plain AMASS file: AMASS's keys and widths only."""

from __future__ import annotations

import numpy as np

from ...shared.motion_file import Motion

_BODY_JOINTS = 22  # the joints that SMPL and SMPL+H share; SMPL's two hand joints do not exist in SMPL+H
_SMPLH_JOINTS, _BETAS, _DMPLS = 52, 16, 8


def make_amass_arrays(motion: Motion) -> dict[str, np.ndarray]:
    """Return AMASS's arrays: poses (T, 156) radians, trans (T, 3) metres, betas (16,), dmpls (T, 8), gender, mocap_framerate.

    The body's 22 joints are the motion's; SMPL+H's fingers are straight. `trans` is unchanged: a body model adds its rest
    pelvis to it.
    """
    frames = motion.frame_count
    poses = np.zeros((frames, 3 * _SMPLH_JOINTS))
    poses[:, :3 * _BODY_JOINTS] = motion.poses[:, :3 * _BODY_JOINTS]
    betas = np.zeros(_BETAS)
    betas[:len(motion.betas)] = motion.betas
    return {"poses": poses, "trans": np.asarray(motion.trans, dtype=np.float64), "betas": betas,
            "dmpls": np.zeros((frames, _DMPLS)), "gender": np.array(motion.gender),
            "mocap_framerate": np.array(float(motion.mocap_framerate))}
