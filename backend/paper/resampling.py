"""Features and motions at other times: for videos of other frame rates than the networks' own."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from .network_motion import NetworkMotion

_FEATURES_AT_ONCE = 1000        # frames: 8 MB


def resample_features(features: np.ndarray, times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return features (N, F) at times (N,), linearly at wanted times (M,), constant beyond the last."""
    found = make_array((len(wanted), features.shape[1]), np.float32)
    position = np.interp(wanted, times, np.arange(len(times)))
    row = np.minimum(position.astype(int), max(len(times) - 2, 0))
    for block in frame_blocks(len(wanted), _FEATURES_AT_ONCE):
        before, after = features[row[block]], features[np.minimum(row[block] + 1, len(times) - 1)]
        found[block] = before + (position[block] - row[block])[:, None].astype(np.float32) * (after - before)
    return found


def resample_motion(network: NetworkMotion, times: np.ndarray, wanted: np.ndarray) -> NetworkMotion:
    """Return the motion at wanted times (T,): rotations by slerp, the rest linearly; constant beyond the ends."""
    if len(times) == 1:
        return NetworkMotion(*(np.repeat(part, len(wanted), axis=0)
                               for part in (network.rotmats, network.betas, network.weak_cam)))
    inside = np.clip(wanted, times[0], times[-1])
    rotmats = make_array((len(wanted), *network.rotmats.shape[1:]), np.float32)
    for joint in range(rotmats.shape[1]):
        rotmats[:, joint] = Slerp(times, Rotation.from_matrix(network.rotmats[:, joint]))(inside).as_matrix()
        let_go()

    def linear(values: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(inside, times, column) for column in values.T], axis=1)

    return NetworkMotion(rotmats, linear(network.betas), linear(network.weak_cam))
