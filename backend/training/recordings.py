"""Recorded motion as SMPL's joint rotations at 30 frames a second, read from one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT


@dataclass(frozen=True)
class Recording:
    """rotmats (T, 24, 3, 3) parent-relative about a T-pose (Y up, facing +Z, left is +X); root (T, 3) metres."""
    name: str
    rotmats: np.ndarray
    root: np.ndarray


@dataclass(frozen=True)
class RecordingLibrary:
    """All recordings of a split, decoded when they are used. offsets (24, 3): the skeleton's, metres."""
    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    quats: np.ndarray
    roots: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Return every recording's number of frames."""
        return np.array([last - first for first, last in self.spans])

    def part(self, index: int, first: int, count: int) -> Recording:
        """Return `count` frames, or as many as there are, of a recording from its frame `first` on."""
        start, last = self.spans[index]
        rows = slice(start + first, min(start + first + count, last))
        return Recording(self.names[index], self._rotmats(rows), self.roots[rows].astype(float))

    def _rotmats(self, rows: slice) -> np.ndarray:
        quats = self.quats[rows].astype(float)
        return Rotation.from_quat(quats.reshape(-1, 4)).as_matrix().reshape(*quats.shape[:2], 3, 3)

    def draw(self, rng: np.random.Generator, count: int, wanted: str = "") -> Recording:
        """Return a random part of a random recording whose name contains `wanted`; longer recordings are drawn more often."""
        chance = self.lengths ** 0.7 * np.array([wanted in name for name in self.names])
        index = int(rng.choice(len(chance), p=chance / chance.sum()))
        first = int(rng.integers(max(1, int(self.lengths[index]) - count + 1)))
        return self.part(index, first, count)

    @property
    def leg_length(self) -> float:
        """Return the height of the hip over the ankle in metres."""
        return float(-(self.offsets[JOINT["left_knee"]] + self.offsets[JOINT["left_ankle"]])[1])


def load_recordings(path: Path, split: str) -> RecordingLibrary:
    """Return the recordings of a split ("train" or "test").

    An .npz with quat_i16 (N, 24, 4), xyzw * 32767, root (N, 3), start (clips + 1,), and per clip name and split; offsets.
    """
    with np.load(path, allow_pickle=False) as arrays:
        chosen, start = np.flatnonzero(arrays["split"] == split), arrays["start"]
        return RecordingLibrary(tuple(str(arrays["name"][i]) for i in chosen),
                                tuple((int(start[i]), int(start[i + 1])) for i in chosen),
                                arrays["quat_i16"], arrays["root"], arrays["offsets"].astype(float))
