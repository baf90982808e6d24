"""Train MPS-Net on image features, by the published recipe: python -m backend.training.images --help

Needs the authors' preprocessed sets (features of SPIN's ResNet-50) and the body and regressor files of `mocap.py models add`.
Windows of 16 frames, the ninth supervised; each batch 19 windows with 2D and 13 with 3D truth; Adam; a motion discriminator
on recorded motion; the rate falls tenfold where PA-MPJPE has not fallen for five epochs. Weights as `models list` has them.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..base.devices import choose_device
from ..evaluation.metrics import pa_mpjpe
from ..models.body import BodyModel
from ..models.motion_discriminator import MotionDiscriminator, rotvecs_from_rotmats
from ..models.mpsnet import MPSNet
from ..models.regressor import BodyEstimate
from ..paper.models_folder import load_model
from .image_losses import ImageLossWeights, adversarial_loss, centre_on_hips, discriminator_loss, supervised_loss
from .image_windows import Windows, join_windows, read_recorded_poses, read_windows
from .landmarks import save_checkpoint, say

_VALIDATION_BATCH = 64


@dataclass(frozen=True)
class ImageRecipe:
    """The published settings. copies: how often each window's feature is regressed, each time with another dropout."""
    epochs: int = 45
    steps: int = 500
    windows_2d: int = 19
    windows_3d: int = 13
    rate: float = 5e-5
    discriminator_rate: float = 1e-4
    discriminator_decay: float = 1e-4
    patience: int = 5
    copies: int = 3
    release_batching: bool = False
    seed: int = 0


@dataclass(frozen=True)
class TrainingSets:
    """with_2d, with_3d, validation; recorded (N, 16, 69) rotation vectors of body poses."""
    with_2d: Windows
    with_3d: Windows
    validation: Windows
    recorded: Tensor


class ImageTraining:
    """The network, its discriminator and their optimisers."""

    def __init__(self, network: MPSNet, discriminator: MotionDiscriminator, body: BodyModel, sets: TrainingSets,
                 recipe: ImageRecipe, device: torch.device):
        self.network, self.discriminator, self._body = network.to(device), discriminator.to(device), body.to(device)
        self._sets, self._recipe, self._device, self._weights = sets, recipe, device, ImageLossWeights()
        self._optimiser = torch.optim.Adam(network.parameters(), lr=recipe.rate)
        self._discriminator_optimiser = torch.optim.Adam(self.discriminator.parameters(), lr=recipe.discriminator_rate,
                                                         weight_decay=recipe.discriminator_decay)
        self._schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(self._optimiser, factor=0.1, patience=recipe.patience)
        self._draws = torch.Generator().manual_seed(recipe.seed)

    def epoch(self) -> tuple[float, float]:
        """Train for the recipe's steps; return the mean loss and PA-MPJPE in mm on the validation set, which steers the rate."""
        self.network.train()
        losses = [self.step() for _ in range(self._recipe.steps)]
        error = self.validate()
        self._schedule.step(error)
        return float(np.mean(losses)), error

    def step(self) -> float:
        """Draw a batch, train the network, then the discriminator; return the network's loss."""
        batch = join_windows([self._draw(self._sets.with_2d, self._recipe.windows_2d),
                        self._draw(self._sets.with_3d, self._recipe.windows_3d)])
        truth = Windows(*(getattr(batch, name).to(self._device) for name in Windows.__dataclass_fields__))
        encoding = self.network.nonlocalblock(self.network.front(truth.features), self._recipe.release_batching)
        loss = sum(supervised_loss(self.network.estimate(encoding.feature), truth, self._body, self._weights)
                   for _ in range(self._recipe.copies)) / self._recipe.copies
        motion = compute_body_poses(self.network.estimate(encoding.sequence.flatten(0, 1)), len(truth))
        loss = loss + adversarial_loss(self.discriminator(motion), self._weights)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._train_discriminator(motion.detach())
        return float(loss.detach())

    def _train_discriminator(self, motion: Tensor) -> None:
        rows = torch.randint(len(self._sets.recorded), (len(motion),), generator=self._draws)
        recorded = self._sets.recorded[rows].to(self._device)
        loss = discriminator_loss(self.discriminator(recorded), self.discriminator(motion))
        self._discriminator_optimiser.zero_grad()
        loss.backward()
        self._discriminator_optimiser.step()

    @torch.no_grad()
    def validate(self) -> float:
        """Return PA-MPJPE in mm on the validation set's windows."""
        self.network.eval()
        ours, truth = [], []
        for start in range(0, len(self._sets.validation), _VALIDATION_BATCH):
            windows = self._sets.validation[torch.arange(start, min(start + _VALIDATION_BATCH, len(self._sets.validation)))]
            estimate, _ = self.network(windows.features.to(self._device), self._recipe.release_batching)
            joints = self._body.joints_14(self._body(estimate.rotmats, estimate.betas))
            ours.append(centre_on_hips(joints).cpu().double().numpy())
            truth.append(centre_on_hips(windows.joints).double().numpy())
        return pa_mpjpe(np.concatenate(ours), np.concatenate(truth))

    def _draw(self, windows: Windows, count: int) -> Windows:
        return windows[torch.randint(len(windows), (count,), generator=self._draws)]


def compute_body_poses(estimate: BodyEstimate, count: int) -> Tensor:
    """Return rotation vectors (N, T, 69) of the body's joints, without the root's, of N windows' frames."""
    return rotvecs_from_rotmats(estimate.rotmats[:, 1:]).flatten(1).unflatten(0, (count, -1))


def main(arguments: list[str]) -> int:
    """Train by the command line's options; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sets-2d", type=Path, nargs="+", required=True, help="preprocessed sets with 2D truth")
    parser.add_argument("--sets-3d", type=Path, nargs="+", required=True, help="preprocessed sets with 3D truth")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--recorded", type=Path, required=True, help="preprocessed AMASS")
    parser.add_argument("--models", type=Path, required=True, help="the folder of `mocap.py models list`")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint that `mocap.py models add` takes")
    parser.add_argument("--epochs", type=int, default=ImageRecipe.epochs)
    parser.add_argument("--steps", type=int, default=ImageRecipe.steps, help="per epoch")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args(arguments)
    torch.manual_seed(ImageRecipe.seed)
    network = MPSNet()
    start_from_spin(network, load_model(given.models, "spin"))
    body = BodyModel(load_model(given.models, "smpl_neutral"), load_model(given.models, "extra_joints")["regressor"],
                     load_model(given.models, "h36m_joints")["regressor"])
    with_2d, with_3d = (join_windows([read_windows(path) for path in paths]) for paths in (given.sets_2d, given.sets_3d))
    sets = TrainingSets(with_2d, with_3d, read_windows(given.validation), read_recorded_poses(given.recorded))
    recipe = ImageRecipe(epochs=given.epochs, steps=given.steps)
    training = ImageTraining(network, MotionDiscriminator(), body, sets, recipe, choose_device(given.device))
    best, started = float("inf"), time.monotonic()
    for epoch in range(1, given.epochs + 1):
        loss, error = training.epoch()
        left = (time.monotonic() - started) / epoch * (given.epochs - epoch) / 60
        say(f"epoch {epoch}: loss {loss:.2f}, PA-MPJPE {error:.1f} mm; {left:.0f} min left")
        if error < best:
            best = error
            save_checkpoint(given.output, {"epoch": epoch, "performance": error,
                                           "gen_state_dict": {name: value.cpu() for name, value in network.state_dict().items()}})
    return 0


def start_from_spin(network: MPSNet, spin: dict[str, np.ndarray]) -> None:
    """Give the regressor SPIN's weights, mean parameters among them."""
    shapes = network.regressor.state_dict()
    network.regressor.load_state_dict({name: torch.from_numpy(spin[name]).reshape(value.shape) for name, value in shapes.items()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
