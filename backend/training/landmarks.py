"""Train the temporal network on landmarks: python -m backend.training.landmarks --help

Reads what `samples/render_people.py` wrote, measures the landmark stage's noise on it, gives that to many more recordings,
and trains on both. Judges on the held-out scenes every so often, and writes the folded weights that the keypoints engine
uses. Saves as it goes: the same command goes on where a broken run was.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ..body.lifting import LiftedTrack
from ..engines.lifter_inputs import LifterInputs, make_lifter_inputs, window_indices
from .landmark_batches import ExampleStore
from .landmark_evaluation import MotionErrors, average_errors, compute_motion_errors, precision_and_recall
from .landmark_losses import LandmarkLoss
from .landmark_network import KINDS, LandmarkNetwork
from .landmark_noise import make_noisy_scene, measure_noise
from .landmark_scenes import Example, Scene, hide_parts, make_example, read_scene, solve_scene, speed_up
from .landmark_weights import save_weights, unfold_network
from .recordings import RecordingLibrary, load_recordings

_NOISY_FRAMES = 72       # of a recording with noise, as many as `samples/render_people.py` renders
_HIDDEN_SHARE = 0.3      # of noisy recordings have hidden parts; chosen by eye


@dataclass(frozen=True)
class Recipe:
    """Settings of a run. rate: AdamW's, which falls as a cosine; average: decay of the averaged weights, which are evaluated
    and saved."""
    kind: str = "moca_hafi"
    steps: int = 12000
    runs: int = 32
    run: int = 8
    rate: float = 1e-3
    decay: float = 0.02
    average: float = 0.998
    warm_up: int = 200
    judge_every: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class HeldOut:
    """A scene for evaluation, with its analytic solution."""
    scene: Scene
    lifted: LiftedTrack
    rotmats: np.ndarray
    inputs: LifterInputs


def main(arguments: list[str]) -> int:
    """Train by the command line's options; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--scenes", type=Path, nargs="+", required=True, help="folders; the noise of each is measured separately")
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--motion", type=Path, required=True, help="recordings, see `recordings.load_recordings`")
    parser.add_argument("--noisy", type=int, default=3000, help="how many recordings are given the measured noise")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--begin-with", type=Path, help="go on from what this checkpoint or these weights have learnt, say when "
                        "scenes were added")
    parser.add_argument("--rate", type=float, default=Recipe.rate, help="the highest; lower where the network has learnt already")
    parser.add_argument("--kind", choices=KINDS, default=Recipe.kind)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    recipe = Recipe(kind=given.kind, steps=given.steps, seed=given.seed, rate=given.rate)
    library = load_recordings(given.motion, "train")
    store = ExampleStore([example for folder in given.scenes
                          for example in make_examples(folder, library, given.noisy // len(given.scenes), recipe.seed)])
    say(f"{store.frame_count} frames to train on")
    train(recipe, store, read_held_out(given.held_out), given.output, given.begin_with)
    return 0


def make_examples(folder: Path, library: RecordingLibrary, noisy: int, seed: int) -> list[Example]:
    """Return the examples of every rendered scene (unchanged, faster, with hidden parts) and of `noisy` recordings with noise."""
    rng = np.random.default_rng(seed)
    scenes = [read_scene(path) for path in sorted(folder.glob("*.npz"))]
    if not scenes:
        raise SystemExit(f"There are no scenes in {folder}. Render them with samples/render_people.py.")
    variants = [variant for scene in scenes for variant in (
        scene, speed_up(scene), hide_parts(scene, rng), hide_parts(speed_up(scene), rng))]
    examples = [make_example(variant) for variant in variants]
    noise = measure_noise(scenes)
    frames = min(_NOISY_FRAMES, max(len(scene.rotmats) for scene in scenes))        # noise is not known for longer
    for _ in range(noisy):
        scene = make_noisy_scene(library, noise, rng, frames)
        examples.append(make_example(hide_parts(scene, rng) if rng.random() < _HIDDEN_SHARE else scene))
    return examples


def read_held_out(folder: Path) -> list[HeldOut]:
    """Return the scenes for evaluation."""
    held_out = []
    for path in sorted(folder.glob("*.npz")):
        scene = read_scene(path)
        track, lifted, rotmats, intrinsics = solve_scene(scene)
        held_out.append(HeldOut(scene, lifted, rotmats, make_lifter_inputs(track, lifted, rotmats, intrinsics)))
    return held_out


def train(recipe: Recipe, store: ExampleStore, held_out: list[HeldOut], output: Path,
          begin_with: Path | None = None) -> LandmarkNetwork:
    """Train by the recipe, with evaluations and checkpoints in between; return the network of averaged weights."""
    torch.manual_seed(recipe.seed)
    network, averaged, loss_of = LandmarkNetwork(recipe.kind), LandmarkNetwork(recipe.kind).requires_grad_(False), LandmarkLoss()
    if begin_with:
        network.load_state_dict(read_learnt(begin_with))
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    averaged.load_state_dict(network.state_dict())
    first, checkpoint = 0, output.with_suffix(".checkpoint")
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["recipe"] != asdict(recipe):
            raise SystemExit(f"{checkpoint} is of another recipe, {saved['recipe']}. Delete it to start again.")
        network.load_state_dict(saved["network"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    rng, started, losses = np.random.default_rng((recipe.seed, first)), time.monotonic(), []
    for step in range(first + 1, recipe.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1, step / recipe.warm_up) * (0.51 + 0.49 * math.cos(math.pi * step / recipe.steps))
        batch = store.draw(rng, recipe.runs, recipe.run)
        estimate, logits = network(batch.inputs, batch.windows, batch.start)
        loss = loss_of(estimate, logits, batch.rotmats, batch.contacts, batch.centre_inputs, recipe.run)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average_into(averaged, network, min(recipe.average, step / (step + 20)))
        losses.append(float(loss.detach()))
        if step % recipe.judge_every == 0 or step == recipe.steps:
            errors, contacts = judge(averaged, held_out)
            left = (time.monotonic() - started) / (step - first) * (recipe.steps - step) / 60
            mean = float(np.mean(losses))
            say(f"step {step}: loss {mean:.4f}; {errors}; contacts' precision and recall {contacts[0]:.2f}, {contacts[1]:.2f}; "
                f"{left:.0f} min left")
            with output.with_suffix(".log").open("a") as log:
                log.write(json.dumps({"step": step, "loss": mean, **asdict(errors), "contacts": contacts}) + "\n")
            losses = []
            save_checkpoint(checkpoint, {"recipe": asdict(recipe), "step": step, "network": network.state_dict(),
                                         "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict()})
            save_weights(averaged, output)
    return averaged


@torch.no_grad()
def average_into(averaged: LandmarkNetwork, network: LandmarkNetwork, share: float) -> None:
    """Move the averaged weights towards the network's."""
    for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1 - share)


def read_learnt(path: Path) -> dict[str, torch.Tensor]:
    """Return the averaged parameters of a checkpoint, or those of weights that `save_weights` wrote."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return unfold_network(dict(arrays)).state_dict()
    return torch.load(path, weights_only=True)["averaged"]


def save_checkpoint(path: Path, content: dict) -> None:
    """Write a checkpoint atomically."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def judge(network: LandmarkNetwork, held_out: list[HeldOut]) -> tuple[MotionErrors, tuple[float, float]]:
    """Return mean errors over held-out scenes, and precision and recall of the contacts."""
    network.eval()
    errors, said, true = [], [], []
    for one in held_out:
        rotmats, contacts = solve(network, one.inputs, one.scene.track.timestamps)
        errors.append(compute_motion_errors(rotmats, one.lifted, one.scene))
        said.append(contacts)
        true.append(one.scene.contacts)
    network.train()
    return average_errors(errors), precision_and_recall(np.concatenate(said), np.concatenate(true))


@torch.no_grad()
def solve(network: LandmarkNetwork, inputs: LifterInputs, timestamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rotations (T, 24, 3, 3) in the camera's axes, and contact confidences (T, 4)."""
    windows = torch.from_numpy(window_indices(timestamps, np.empty(0, int)))
    estimate, contacts = network(torch.from_numpy(inputs.frames), windows, torch.from_numpy(inputs.start))
    rotmats = estimate.rotmats.double().numpy()
    rotmats[:, 0] = inputs.towards @ rotmats[:, 0]
    return rotmats, contacts.sigmoid().numpy()


def say(words: str) -> None:
    """Write a line to the terminal."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
