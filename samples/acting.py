"""What a person does besides walking: keyed channels with smooth (C2) transitions. Degrees and metres."""
from dataclasses import dataclass

import numpy as np

Keys = list[tuple[float, float]]

# Resting values, which channels without keys keep. Arm channels come per side, as left_* and right_*.
ARM_REST = {"flexion": 2.0, "abduction": 7.0, "twist": 0.0, "elbow": 14.0, "pronation": -20.0}
FOOT_REST = {"foot_forward": 0.0, "foot_side": 0.0, "foot_up": 0.0, "foot_pitch": 0.0}
TRUNK_REST = {"crouch": 0.0, "lean": 3.0, "bend": 0.0, "twist": 0.0, "sway": 0.0, "head_yaw": 0.0, "head_pitch": 2.0}


@dataclass(frozen=True)
class Acting:
    """Channels (T,) by name, in degrees (crouch, sway and foot_* but foot_pitch: metres)."""

    channels: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.channels[name]


def follow(keys: Keys, times: np.ndarray) -> np.ndarray:
    """Return values (T,) through keys (time, value), at rest at each key (minimum jerk between two)."""
    key_times, values = (np.array(column, float) for column in zip(*keys, strict=True))
    i = np.clip(np.searchsorted(key_times, times, side="right") - 1, 0, max(len(keys) - 2, 0))
    j = np.minimum(i + 1, len(keys) - 1)
    u = np.clip((times - key_times[i]) / np.maximum(key_times[j] - key_times[i], 1e-9), 0, 1)
    return values[i] + (values[j] - values[i]) * u**3 * (10 - 15 * u + 6 * u**2)


def act(times: np.ndarray, keyed: dict[str, Keys]) -> Acting:
    """Return the acting at `times` (T,) s. A key named both_* sets left_* and right_*.

    Raises KeyError for a channel that does not exist.
    """
    rest = dict(TRUNK_REST)
    for side in ("left", "right"):
        rest |= {f"{side}_{name}": value for name, value in (ARM_REST | FOOT_REST).items()}
    channels = {name: np.full(len(times), value) for name, value in rest.items()}
    for name, keys in keyed.items():
        first, _, last = name.partition("_")
        for target in (f"left_{last}", f"right_{last}") if first == "both" else (name,):
            if target not in channels:
                raise KeyError(f"No acting channel {target}. There are {', '.join(sorted(channels))}.")
            channels[target] = follow(keys, times)
    return Acting(channels)
