"""Trains the network that corrects fitted hands, on hands that `samples/render_hand_crops.py` has rendered and read.

    python -m backend.training.hand_corrections --hands FOLDER --output hand_corrections.npz
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.capture_request import DEFAULT_STATURE

from ..base.pinhole import rotmats_towards
from ..fingers.corrections import make_inputs
from ..fingers.hand_fit import SeenHand, fit_hand, see_hand
from ..fingers.hand_shape import list_turns, make_rest_points
from ..hands.landmarks import WRIST
from .hand_bones import HandBones, find_bones, find_palm_axes

_HIDDEN = 192
_STEPS, _BATCH, _RATE, _DECAY = 5000, 256, 1e-3, 0.3
_DISTANCE_ERROR = 0.08      # sigma, a share: bodies' statures and distances are known no better
_LEAST_PRESENCE = 0.5       # as in `hands.reader`
_DROPPED, _NOISE = 0.3, 0.3  # of hidden values, and sigma added to the inputs: without them it learns its examples by heart
_MOST_TURNED = np.radians(60)   # of a palm that was read wrongly: more is mostly back to front, and has nothing to teach
_HELD_OUT = 10              # one hand of so many
# Shares in the loss of angles beyond the joints' limits, and of corrections themselves: bones do not tell all angles.
_BEYOND_COSTS, _CORRECTION_COSTS = 0.3, 0.02


@dataclass(frozen=True)
class Examples:
    """N readings: inputs (N, I) of the network; angles (N, P) as fitted; what is right: turns (N, 3), rotation vectors of the
    palms, and bones (N, 15, 3) as `hand_bones.find_bones`; number (N,) of the hand, which may have been read several times."""
    inputs: np.ndarray
    angles: np.ndarray
    turns: np.ndarray
    bones: np.ndarray
    number: np.ndarray

    def at(self, rows: np.ndarray) -> Examples:
        return Examples(*(getattr(self, item.name)[rows] for item in fields(self)))

    def as_tensors(self) -> list[torch.Tensor]:
        return [torch.tensor(array, dtype=torch.float32) for array in (self.inputs, self.angles, self.turns, self.bones)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hands", type=Path, required=True, help="a folder of render_hand_crops.py's files")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    np.savez(arguments.output, **train(load_hands(sorted(arguments.hands.glob("*.npz")))))  # type: ignore[arg-type]


def load_hands(paths: list[Path]) -> Examples:
    """Return the readings that have something to teach."""
    parts = []
    for path in paths:
        with np.load(path, allow_pickle=False) as arrays:
            hands = {name: arrays[name] for name in arrays}
        for is_right in (False, True):
            kept = (hands["presence"] >= _LEAST_PRESENCE) & (hands["is_left"] != is_right)
            parts.append(make_examples({name: array[kept] for name, array in hands.items()}, is_right))
    return Examples(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Examples)))


def make_examples(hands: dict[str, np.ndarray], is_right: bool) -> Examples:
    """Return hands of one side, without those whose palms were read wrongly."""
    truth = hands["truth"].astype(float) * (DEFAULT_STATURE / hands["stature"])[:, None, None]
    distance = np.linalg.norm(truth[:, WRIST], axis=1)
    points = np.einsum("tji,tkj->tki", rotmats_towards(truth[:, WRIST]), truth) * ((-1.0, 1.0, 1.0) if is_right else 1.0)
    guessed = distance * np.exp(np.random.default_rng(3).normal(0, _DISTANCE_ERROR, len(distance)))
    each = [_see(hands, row, guessed[row], is_right) for row in range(len(truth))]
    seen = SeenHand(*(np.concatenate([getattr(hand, item.name) for hand in each]) for item in fields(SeenHand)))
    fitted = fit_hand(seen)
    palm = find_palm_axes(points) @ find_palm_axes(make_rest_points()).T
    turns = Rotation.from_matrix(np.swapaxes(fitted.palm, 1, 2) @ palm).as_rotvec()
    examples = Examples(make_inputs(fitted, seen), fitted.angles, turns, find_bones(points), hands["number"])
    return examples.at(np.linalg.norm(turns, axis=1) < _MOST_TURNED)


def _see(hands: dict[str, np.ndarray], row: int, distance: float, is_right: bool) -> SeenHand:
    focal, size = hands["focal"][row], hands["size"][row]
    intrinsics = np.array(((focal, 0, size[0] / 2), (0, focal, size[1] / 2), (0, 0, 1)))
    return see_hand(hands["xy"][row:row + 1], hands["world"][row:row + 1], np.array([distance]), intrinsics, is_right)[0]


def train(examples: Examples) -> dict[str, np.ndarray]:
    """Return the trained weights as `fingers.corrections` reads them, float16."""
    torch.manual_seed(0)
    is_held = examples.number % _HELD_OUT == 0
    used, held = examples.at(~is_held), examples.at(is_held)
    mean, scale = used.inputs.mean(0), used.inputs.std(0) + 1e-3
    network = _make_network(mean, scale)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    tensors, hand_bones = used.as_tensors(), HandBones()
    for step in range(_STEPS):
        rows = torch.from_numpy(np.random.default_rng((1, step)).integers(len(used.inputs), size=_BATCH))
        inputs, angles, turns, bones = (tensor[rows] for tensor in tensors)
        noise = _NOISE * torch.from_numpy(scale) * torch.randn(inputs.shape)
        loss = _measure_loss(network(inputs + noise), angles, turns, bones, hand_bones)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 1000 == 0:
            network.eval()
            errors = [_measure_error(network, part, hand_bones) for part in (used, held)]
            network.train()
            sys.stderr.write(f"{step + 1}: bones {errors[0]:.2f} degrees, held out {errors[1]:.2f}\n")
    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    layers = {f"{number}.{name}": getattr(layer, name).detach().numpy() for number, layer in enumerate(linear)
              for name in ("weight", "bias")}
    return {name: array.astype(np.float16) for name, array in {"mean": mean, "scale": scale, **layers}.items()}


class _Normalize(torch.nn.Module):
    """Inputs become deviations from their means, over their usual ones."""

    def __init__(self, mean: np.ndarray, scale: np.ndarray):
        super().__init__()
        self._mean, self._scale = torch.from_numpy(mean), torch.from_numpy(scale)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return (values - self._mean) / self._scale


def _make_network(mean: np.ndarray, scale: np.ndarray) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = [_Normalize(mean, scale)]
    for inputs in (len(mean), _HIDDEN):
        layers += [torch.nn.Linear(inputs, _HIDDEN), torch.nn.ReLU(), torch.nn.Dropout(_DROPPED)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(_HIDDEN, 3 + len(list_turns())))


def _measure_loss(corrections: torch.Tensor, angles: torch.Tensor, turns: torch.Tensor, bones: torch.Tensor,
                  hand_bones: HandBones) -> torch.Tensor:
    """Return the loss: the mean distance of bones' ends from the true ones, of bones of length one, and that of palms."""
    low, high = torch.tensor(np.radians([turn.degrees[:2] for turn in list_turns()]).T, dtype=torch.float32)
    corrected = angles + corrections[:, 3:]
    apart = (hand_bones(corrected) - bones).square().sum(-1).add(1e-6).sqrt().mean()
    palm = torch.nn.functional.smooth_l1_loss(corrections[:, :3], turns, beta=0.2)
    beyond = (torch.relu(corrected - high) + torch.relu(low - corrected)).mean()
    return apart + palm + _BEYOND_COSTS * beyond + _CORRECTION_COSTS * corrections[:, 3:].square().mean()


def _measure_error(network: torch.nn.Module, examples: Examples, hand_bones: HandBones) -> float:
    """Return the mean angle in degrees between corrected and true bones."""
    inputs, angles, _, bones = examples.as_tensors()
    with torch.no_grad():
        cosines = (hand_bones(angles + network(inputs)[:, 3:]) * bones).sum(-1)
    return float(np.degrees(np.arccos(np.clip(cosines.numpy(), -1, 1)).mean()))


if __name__ == "__main__":
    main()
