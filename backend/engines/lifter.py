"""Our trained MPS-Net for landmarks, without torch: MoCA and HAFI over windows of frames, the regressor folded.

The algebra is that of `models.fast_path`: MoCA adds to a frame's feature x the weighted sum of H x over its window's frames.
Of the result z only U z (HAFI's `fc`) and A z (pose and contacts) are needed, so each frame is projected once. The weights
are written by `training.landmark_weights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .lifter_inputs import CENTRE, POSE_SIZE, LifterInputs, rotmats_from_rot6d, window_indices

WEIGHTS = Path(__file__).parents[1] / "weights" / "temporal_lifter.npz"
CLOSE_WEIGHTS = WEIGHTS.with_name("close_lifter.npz")      # for people whose feet the picture does not show
_HAFI_ROWS = np.arange(CENTRE - 4, CENTRE + 5)      # three groups of three frames about the centre
_CONTACTS = 4
_WINDOWS_AT_ONCE = 512                               # bounds memory
_MAP_SIZE = 128                                      # of theta and phi
_EPSILON = 1e-5                                      # LayerNorm's, torch's default


@dataclass(frozen=True)
class TrainedMotion:
    """rotmats (T, 24, 3, 3), the root's in the camera's axes; contacts (T, 4) confidences in 0..1, left heel, toe, right ..."""
    rotmats: np.ndarray
    contacts: np.ndarray


class TemporalLifter:
    """The trained network; `run` takes one person's inputs."""

    def __init__(self, path: Path = WEIGHTS):
        with np.load(path, allow_pickle=False) as arrays:
            self._weights = {name: arrays[name].astype(np.float32) for name in arrays}

    def run(self, inputs: LifterInputs, timestamps: np.ndarray, breaks: np.ndarray) -> TrainedMotion:
        """Return the motion of frames at timestamps (T,) s; breaks: rows at which a new span begins after a gap."""
        weights = self._weights
        features = self._front(inputs.frames)
        projected = features @ weights["projection"].T
        windows = window_indices(timestamps, breaks)
        parts = [self._integrate(features, projected, windows[start:start + _WINDOWS_AT_ONCE])
                 for start in range(0, len(windows), _WINDOWS_AT_ONCE)]
        estimate = np.concatenate(parts) + weights["offset"]
        estimate[:, :POSE_SIZE] += inputs.start @ weights["start"].T
        rotmats = rotmats_from_rot6d(estimate[:, :POSE_SIZE].astype(np.float64))
        rotmats[:, 0] = inputs.towards @ rotmats[:, 0]
        return TrainedMotion(rotmats, 1 / (1 + np.exp(-estimate[:, POSE_SIZE:].astype(np.float64))))

    def _front(self, frames: np.ndarray) -> np.ndarray:
        """Return features (T, C) of inputs (T, INPUT_SIZE), as `models.landmark_front`."""
        feature = self._norm("norm", self._linear("reduce", _gelu(self._linear("widen", frames))))
        return self._norm("scale", feature + self._linear("outer", _gelu(self._linear("inner", feature))))

    def _linear(self, layer: str, values: np.ndarray) -> np.ndarray:
        return values @ self._weights[f"front.{layer}.weight"].T + self._weights[f"front.{layer}.bias"]

    def _norm(self, layer: str, values: np.ndarray) -> np.ndarray:
        centred = values - values.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + _EPSILON)
        return scaled * self._weights[f"front.{layer}.weight"] + self._weights[f"front.{layer}.bias"]

    def _integrate(self, features: np.ndarray, projected: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Return pose and contacts (N, 148) of windows (N, 16), less what does not depend on the features."""
        first, last = windows.min(), windows.max() + 1
        near, windows = projected[first:last], windows - first
        features, rows = features[first:last], windows[:, _HAFI_ROWS]
        image_size = (near.shape[1] - 2 * _MAP_SIZE) // 2
        theta, phi, image, mapped = np.split(near, np.cumsum((_MAP_SIZE, _MAP_SIZE, image_size)), axis=1)
        nssm = _softmax(features[rows] @ np.swapaxes(features[windows], 1, 2))                  # (N, 9, 16)
        attention = _softmax(theta[rows] @ np.swapaxes(phi[windows], 1, 2))
        fused = _softmax(self._weights["map_weights"][0] * nssm + self._weights["map_weights"][1] * attention)
        images = image[rows] + fused @ mapped[windows]
        groups = images.reshape(3 * len(windows), 3, -1)
        groups = self._hafi(groups).reshape(len(windows), 3, -1)
        return self._hafi(groups)[:, -(POSE_SIZE + _CONTACTS):]

    def _hafi(self, groups: np.ndarray) -> np.ndarray:
        """Return the attentive sum (N, F) of three frames or groups (N, 3, F), whose first values are `fc`'s."""
        weights = self._weights
        size = len(weights["fc_bias"])
        hidden = (groups[..., :size] + weights["fc_bias"]).reshape(len(groups), -1)
        for layer in ("0", "2", "4"):
            hidden = np.tanh(hidden @ weights[f"attention.{layer}.weight"].T + weights[f"attention.{layer}.bias"])
        return (_softmax(hidden)[:, :, None] * groups).sum(1)


def _softmax(values: np.ndarray) -> np.ndarray:
    raised = np.exp(values - values.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def _gelu(values: np.ndarray) -> np.ndarray:
    """Return GELU in its tanh form (Hendrycks and Gimpel 2016)."""
    return 0.5 * values * (1 + np.tanh(np.float32(0.7978845608) * (values + np.float32(0.044715) * values ** 3)))
