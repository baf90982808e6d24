"""MEVA: the bodies of chunks of 90 frames, each chunk as a whole, blended where chunks overlap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import let_go, make_array

from ..models.meva import MEVA
from ..models.regressor import ESTIMATE_SIZE, BodyEstimate
from .network_motion import NetworkMotion
from .windowed_network import load_weights

CHUNK, OVERLAP = 90, 20     # frames, of the published demo
_CHUNKS_AT_ONCE = 4         # bounds memory


def chunk_starts(frame_count: int, overlap: int = OVERLAP) -> list[int]:
    """Return each chunk's first frame: every 90 - overlap frames, and the last so that it ends with the clip.

    A clip that is shorter than a chunk is one chunk.
    """
    last = max(frame_count - CHUNK, 0)
    return sorted({*range(0, last, CHUNK - overlap), last}) if frame_count else []


class ChunkedNetwork:
    """MEVA. The published demo cuts from one chunk to the next in the middle of their overlap; here they are blended."""

    def __init__(self, weights: Mapping[str, np.ndarray], device: torch.device, chunks_at_once: int = _CHUNKS_AT_ONCE):
        self._network = load_weights(MEVA(), weights).to(device)
        self._device = device
        self._chunks_at_once = chunks_at_once

    def run(self, features: np.ndarray) -> NetworkMotion:
        """Return the motion of features (T, 2048) of consecutive frames, about 30 a second; memory grows only with the result.

        Where chunks overlap, their 6D rotations, shapes and cameras are averaged with weights that rise from a chunk's ends.
        """
        sums, weights = make_array((len(features), ESTIMATE_SIZE)), np.zeros((len(features), 1))
        starts, length = chunk_starts(len(features)), min(len(features), CHUNK)
        steps = np.arange(length)
        weight = np.minimum(np.minimum(steps + 1, length - steps), OVERLAP)[:, None]
        for first in range(0, len(starts), self._chunks_at_once):
            some = starts[first:first + self._chunks_at_once]
            for start, vectors in zip(some, self.run_chunks(features, some), strict=True):
                sums[start:start + length] += weight * vectors
                weights[start:start + length] += weight
            let_go()
        vectors = (torch.from_numpy(sums[block] / weights[block]).float() for block in frame_blocks(len(features)))
        return NetworkMotion.of_estimates(map(BodyEstimate.from_vector, vectors), len(features))

    @torch.inference_mode()
    def run_chunks(self, features: np.ndarray, starts: list[int]) -> np.ndarray:
        """Return the estimates' vectors (N, L, 157), as `models.regressor` has them, of chunks that begin at these frames.

        L is 90, or the clip's length where that is less.
        """
        chunks = np.stack([features[start:start + CHUNK] for start in starts])
        return self._network(torch.from_numpy(chunks).to(self._device))[0].cpu().numpy()
