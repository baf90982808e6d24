"""The contribution of each part of the temporal network: python -m backend.training.ablation --scenes DIR --held-out DIR ...

Every network is trained alike; all are judged on rendered people and recordings that none was trained on, read by the real
landmark stage. The last row adds the fit to the 2D landmarks (`refine`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from ..body.camera_placement import fit_in_camera
from ..body.picture_fit import fit_to_picture
from .landmark_batches import ExampleStore
from .landmark_evaluation import MotionErrors, average_errors, compute_motion_errors
from .landmark_network import KINDS, LandmarkNetwork
from .landmarks import HeldOut, Recipe, judge, make_examples, read_held_out, say, solve, train
from .recordings import load_recordings

_NAMES = {"frame": "per-frame MLP", "mean": "mean pooling", "nonlocal": "non-local attention alone", "moca": "MoCA",
          "moca_hafi": "MoCA + HAFI"}
_HEAD = ("| method | limb directions | local rotations | root | MPJPE | PA-MPJPE | acceleration |\n"
         "| --- | --- | --- | --- | --- | --- | --- |")


def main(arguments: list[str]) -> int:
    """Train every kind for the same number of steps and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--motion", type=Path, required=True)
    parser.add_argument("--noisy", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--output", type=Path, required=True, help="folder for the networks and table.md")
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    held_out = read_held_out(given.held_out)
    store = ExampleStore(make_examples(given.scenes, load_recordings(given.motion, "train"), given.noisy, 0))
    analytic = [compute_motion_errors(one.rotmats, one.lifted, one.scene) for one in held_out]
    rows = [format_row("analytic", average_errors(analytic))]
    for kind in KINDS:
        recipe = Recipe(kind=kind, steps=given.steps, judge_every=given.steps)
        network = train(recipe, store, held_out, given.output / f"{kind}.npz")
        rows.append(format_row(_NAMES[kind], judge(network, held_out)[0]))
        say(rows[-1])
    rows.append(format_row("MoCA + HAFI, with fit", compute_fitted_errors(network, held_out)))
    table = "\n".join((_HEAD, *rows)) + "\n"
    (given.output / "table.md").write_text(table)
    say(table)
    return 0


def compute_fitted_errors(network: LandmarkNetwork, held_out: list[HeldOut]) -> MotionErrors:
    """Return the mean errors where the network's motion is then fitted to the landmarks in the picture."""
    network.eval()
    errors = []
    for one in held_out:
        rotmats, _ = solve(network, one.inputs, one.scene.track.timestamps)
        motion = fit_to_picture(fit_in_camera(one.lifted, rotmats), one.lifted, np.arange(len(rotmats)))
        errors.append(compute_motion_errors(motion.rotmats, one.lifted, one.scene))
    return average_errors(errors)


def format_row(name: str, errors: MotionErrors) -> str:
    """Return a line of the table."""
    return (f"| {name} | {errors.limb_direction:.1f}° | {errors.local_rotation:.1f}° | {errors.root_rotation:.1f}° | "
            f"{errors.mpjpe:.0f} mm | {errors.pa_mpjpe:.0f} mm | {errors.acceleration:.1f} mm/frame² |")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
