"""Trains the network that corrects fitted hands, on hands that `samples/render_hand_crops.py` has rendered and read.

    python -m backend.training.hand_corrections --hands FOLDER --output hand_corrections.npz
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.capture_request import DEFAULT_STATURE

from ..base.pinhole import rotmats_towards
from ..hands.corrections import make_inputs
from ..hands.hand_fit import FittedHand, SeenHand, fit_hand, see_hand
from ..hands.landmarks import WRIST

_HIDDEN = 192
_STEPS, _BATCH, _RATE, _DECAY = 5000, 256, 1e-3, 0.3
_DISTANCE_ERROR = 0.08      # sigma, a share: bodies' statures and distances are known no better
_LEAST_PRESENCE = 0.5       # as in `hands.reader`
_DROPPED, _NOISE = 0.5, 0.5  # of hidden values, and sigma added to the inputs: without them it learns its examples by heart
_MOST_TURNED = 60.0         # degrees: a palm that was read so wrongly, mostly back to front, has nothing to teach
_HELD_OUT = 0.1
_TRUST_IN_TRUTH = 10.0      # of true points, over landmarks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hands", type=Path, required=True, help="a folder of render_hand_crops.py's files")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    inputs, targets = load_hands(sorted(arguments.hands.glob("*.npz")))
    np.savez(arguments.output, **train(inputs, targets))  # type: ignore[arg-type]  # its names are free


def load_hands(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's inputs (N, I), and what it is to add (N, 3 + P): the palm's turn and the angles, radians."""
    inputs, targets = [], []
    for path in paths:
        with np.load(path, allow_pickle=False) as arrays:
            for is_right in (False, True):
                kept = (arrays["presence"] >= _LEAST_PRESENCE) & (arrays["is_left"] != is_right)
                read, true = fit_both({name: arrays[name][kept] for name in arrays}, is_right)
                turn = Rotation.from_matrix(np.swapaxes(read.palm, 1, 2) @ true.palm).as_rotvec()
                usable = np.linalg.norm(turn, axis=1) < np.radians(_MOST_TURNED)
                inputs.append(make_inputs(read)[usable])
                targets.append(np.concatenate([turn, true.angles - read.angles], axis=1)[usable])
    return np.concatenate(inputs), np.concatenate(targets).astype(np.float32)


def fit_both(hands: dict[str, np.ndarray], is_right: bool) -> tuple[FittedHand, FittedHand]:
    """Return the hands fitted to what was read and to the truth."""
    rng = np.random.default_rng(3)
    truth = hands["truth"].astype(float) * (DEFAULT_STATURE / hands["stature"])[:, None, None]
    distance = np.linalg.norm(truth[:, WRIST], axis=1)
    turned = np.einsum("tji,tkj->tki", rotmats_towards(truth[:, WRIST]), truth)
    plane = turned[..., :2] / turned[..., 2:] * distance[:, None, None] * ((-1.0, 1.0) if is_right else (1.0, 1.0))
    guessed = distance * np.exp(rng.normal(0, _DISTANCE_ERROR, len(distance)))
    read = [_see(hands, row, guessed[row], is_right) for row in range(len(truth))]
    seen = SeenHand(*(np.concatenate([getattr(hand, name) for hand in read]) for name in ("plane", "depth", "distance")))
    return fit_hand(seen), fit_hand(SeenHand(plane, turned[..., 2], distance), _TRUST_IN_TRUTH)


def _see(hands: dict[str, np.ndarray], row: int, distance: float, is_right: bool) -> SeenHand:
    focal, size = hands["focal"][row], hands["size"][row]
    intrinsics = np.array(((focal, 0, size[0] / 2), (0, focal, size[1] / 2), (0, 0, 1)))
    return see_hand(hands["xy"][row:row + 1], hands["world"][row:row + 1], np.array([distance]), intrinsics, is_right)[0]


def train(inputs: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Return the trained weights as `hands.corrections` reads them, float16."""
    torch.manual_seed(0)
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-3
    order = np.random.default_rng(0).permutation(len(inputs))
    held, used = np.split(order, [int(_HELD_OUT * len(order))])
    values, wanted = torch.from_numpy((inputs - mean) / scale), torch.from_numpy(targets)
    network = torch.nn.Sequential(torch.nn.Linear(inputs.shape[1], _HIDDEN), torch.nn.ReLU(), torch.nn.Dropout(_DROPPED),
                                  torch.nn.Linear(_HIDDEN, _HIDDEN), torch.nn.ReLU(), torch.nn.Dropout(_DROPPED),
                                  torch.nn.Linear(_HIDDEN, targets.shape[1]))
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for step in range(_STEPS):
        rows = torch.from_numpy(used[np.random.default_rng((1, step)).integers(len(used), size=_BATCH)])
        noisy = values[rows] + _NOISE * torch.randn(_BATCH, inputs.shape[1])
        loss = torch.nn.functional.smooth_l1_loss(network(noisy), wanted[rows], beta=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 1000 == 0:
            network.eval()
            with torch.no_grad():
                errors = [float((wanted[part] - network(values[part])).abs().mean()) for part in (used, held)]
            network.train()
            sys.stderr.write(f"{step + 1}: trained on {np.degrees(errors[0]):.2f}, held out {np.degrees(errors[1]):.2f} degrees, "
                  f"uncorrected {np.degrees(float(wanted[held].abs().mean())):.2f}\n")
    layers = {f"{number}.{name}": getattr(network[3 * number], name).detach().numpy() for number in range(3)
              for name in ("weight", "bias")}
    return {name: array.astype(np.float16) for name, array in {"mean": mean, "scale": scale, **layers}.items()}


if __name__ == "__main__":
    main()
