"""A store of all examples, and the batches drawn from it: runs of successive frames, randomly mirrored and with noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..engines.lifter_inputs import CENTRE, WINDOW
from .landmark_scenes import Example, mirrored_columns, mirrored_joints, mirrored_rot6d

# Added to inputs, which are of the order of 1; run noise is constant in a run of frames. Chosen by eye; not measured.
_FRAME_NOISE, _RUN_NOISE = 0.02, 0.03


@dataclass(frozen=True)
class Batch:
    """N runs of R centres: inputs (N F, INPUT_SIZE), windows (N R, 16) into them; and of each centre start, truths and inputs."""
    inputs: Tensor
    windows: Tensor
    start: Tensor
    rotmats: Tensor
    contacts: Tensor
    centre_inputs: Tensor


class ExampleStore:
    """The concatenated frames of all examples, float32."""

    def __init__(self, examples: list[Example]):
        lengths = np.array([len(example.inputs) for example in examples])
        self._last = np.cumsum(lengths)
        self._first = self._last - lengths
        self._chance = lengths / lengths.sum()
        self._inputs, self._start, self._rotmats, self._contacts = (
            torch.from_numpy(np.concatenate([getattr(example, name) for example in examples]))
            for name in ("inputs", "start", "rotmats", "contacts"))
        self._columns, self._signs = mirrored_columns()
        self._pose_columns, self._pose_signs = mirrored_rot6d()
        self._joints = mirrored_joints()

    @property
    def frame_count(self) -> int:
        return len(self._inputs)

    def draw(self, rng: np.random.Generator, runs: int, run: int) -> Batch:
        """Return a batch of `runs` runs of `run` successive centres; half of the runs mirrored."""
        scene = rng.choice(len(self._first), size=runs, p=self._chance)
        first, last = self._first[scene], self._last[scene]
        start = first + (rng.random(runs) * np.maximum(1, last - first - run + 1)).astype(int)
        reach = np.arange(-CENTRE, run + WINDOW - CENTRE - 1)
        frames = np.clip(start[:, None] + reach, first[:, None], last[:, None] - 1)             # (N, F)
        centred = slice(CENTRE, CENTRE + run)
        centres = frames[:, centred]
        windows = np.arange(runs)[:, None, None] * len(reach) + np.arange(run)[:, None] + np.arange(WINDOW)
        inputs, pose = self._inputs[frames], self._start[centres]
        rotmats, contacts = self._rotmats[centres], self._contacts[centres]
        flipped = torch.from_numpy(rng.random(runs) < 0.5)
        inputs[flipped] = inputs[flipped][..., self._columns] * torch.from_numpy(self._signs)
        pose[flipped] = pose[flipped][..., self._pose_columns] * torch.from_numpy(self._pose_signs)
        mirror = torch.tensor((-1.0, 1.0, 1.0))
        rotmats[flipped] = rotmats[flipped][:, :, self._joints] * mirror[:, None] * mirror
        contacts[flipped] = contacts[flipped][..., [2, 3, 0, 1]]
        inputs = inputs + _FRAME_NOISE * torch.randn_like(inputs) + _RUN_NOISE * torch.randn(runs, 1, inputs.shape[2])
        centre_inputs = inputs[:, centred]
        return Batch(inputs.flatten(0, 1), torch.from_numpy(windows.reshape(-1, WINDOW)), pose.flatten(0, 1),
                     rotmats.flatten(0, 1), contacts.flatten(0, 1), centre_inputs.flatten(0, 1))
