"""Fit the network that finds contacts: python -m backend.training.contacts --help

Reads the scenes that `samples/render_people.py` wrote. Every scene goes through a whole capture, except for the pictures; the
measures of its feet are then the inputs, and their true contacts the labels. People are placed on the floor with the contacts of
the present weights, so that a second run with the new weights gives slightly different ones.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from mpsnet_blender.shared.protocol import Message

from ..base.pinhole import camera_matrix
from ..base.reporter import Reporter
from ..camera.vertical_lines import Vertical
from ..engines.engine import Shot
from ..engines.keypoints import KeypointsEngine
from ..engines.lifter_inputs import FRAMES_PER_SECOND
from ..people.gaps import Clock
from ..video.frames import VideoSpan
from ..world.contacts import WEIGHTS, confidence
from ..world.foot_measures import MEASURES, measure_feet
from ..world.placing import find_seen_feet, make_sight, place_people
from .landmark_scenes import TRUTH_STATURE, Scene, hide_parts, read_scene, speed_up

_FOOT_KEYPOINTS = ((21,), (17, 19), (22,), (18, 20))      # left heel, toes (big and small), right heel, toes
# A standing point is slow and low; points between both limits are left out of the fit. m/s, and metres above the lowest
# position; wider than the limits of `evaluation.truth`, as a foot that rolls stands too. Chosen by eye.
_STANDS_SPEED, _STANDS_HEIGHT = 0.35, 0.06
_MOVES_SPEED, _LIFTED_HEIGHT = 0.45, 0.10
_LOWEST_PERCENTILE = 3              # of heights, as the lowest position: a few frames may be outliers
_HIDDEN, _DECAY, _ITERATIONS = 16, 2e-4, 400        # units, weight decay, steps of L-BFGS; chosen by eye
_LEAN_SIGMA = 0.008                 # radians: the error of gravity from upright lines in a room


class _Silence:
    """Receives a capture's messages and shows none."""

    def send(self, message: Message) -> None:
        pass


@dataclass(frozen=True)
class Feet:
    """Measures (N, MEASURES) of heels and toes, whether they stand (N,), and weights (N,), 0 for doubtful ones."""
    measures: np.ndarray
    stands: np.ndarray
    counts: np.ndarray


def main(arguments: list[str]) -> int:
    """Fit by the command line's options; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m backend.training.contacts", description=__doc__.splitlines()[0],
                                     allow_abbrev=False)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of render_people.py's NNNNN.npz to fit")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of other scenes to judge on")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    training, held_out = read_feet(options.scenes, varied=True), read_feet(options.held_out, varied=False)
    weights = fit(training)
    for name, feet in (("scenes", training), ("held out", held_out)):
        sys.stderr.write(f"{name}: {judge(feet, weights)}\n")
    partial = options.output.with_suffix(".partial.npz")
    arrays = {name: value.astype(np.float32) for name, value in weights.items()}
    np.savez(partial, **arrays)  # type: ignore[arg-type]  # no key is named allow_pickle
    partial.replace(options.output)
    return 0


def read_feet(folder: Path, varied: bool) -> Feet:
    """Return the feet of every scene in a folder; varied: every other one at twice the speed, every third partly hidden."""
    engine, found = KeypointsEngine(), []
    for number, path in enumerate(sorted(folder.glob("*.npz"))):
        scene = read_scene(path)
        scene = speed_up(scene) if varied and number % 2 else scene
        scene = hide_parts(scene, np.random.default_rng(number)) if varied and number % 3 == 0 else scene
        with np.load(path, allow_pickle=False) as arrays:
            down = arrays["cam_from_recording"] @ (0.0, -1.0, 0.0)
        # Half of the rooms have upright lines.
        tilted = down + np.random.default_rng(number).normal(0, _LEAN_SIGMA, 3)
        vertical = Vertical(tilted / np.linalg.norm(tilted), np.full(2, _LEAN_SIGMA)) if number % 2 else None
        found.append(measure_scene_feet(scene, engine, down, vertical))
    return Feet(*(np.concatenate([getattr(feet, name) for feet in found]) for name in ("measures", "stands", "counts")))


def measure_scene_feet(scene: Scene, engine: KeypointsEngine, down: np.ndarray, vertical: Vertical | None) -> Feet:
    """Return the feet of a scene, captured; down (3,): gravity in the camera's frame; vertical: its estimate by lines."""
    track = scene.track
    span = VideoSpan(Path(scene.name), scene.image_size, FRAMES_PER_SECOND, len(track.xy))
    clock = Clock(track.frame_index, track.timestamps, FRAMES_PER_SECOND)
    shot = Shot(span, clock, camera_matrix(scene.image_size), TRUTH_STATURE)
    world_camera, people = place_people(engine.solve([track], shot, Reporter(_Silence())), shot, None, vertical)
    person = people[0].person
    sight = make_sight(person, people[0].in_world.rotmats, shot.intrinsics, world_camera.poses_at(person.track.frame_index))
    measures = measure_feet(find_seen_feet(sight, people[0].in_world.transl))
    stands, counts = find_true_contacts(scene.keypoints[person.track.frame_index], down)
    return Feet(measures.reshape(-1, MEASURES), stands.ravel(), counts.ravel())


def find_true_contacts(keypoints: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether heels and toes stand (T, 4), and whether that is sure (T, 4), of true keypoints (T, 23, 3) in metres."""
    points = np.stack([keypoints[:, list(columns)].mean(1) for columns in _FOOT_KEYPOINTS], axis=1)
    height = -points @ down
    height = height - np.percentile(height, _LOWEST_PERCENTILE, axis=0)
    speed = np.linalg.norm(np.gradient(points, 1 / FRAMES_PER_SECOND, axis=0), axis=-1)
    stands = (speed < _STANDS_SPEED) & (height < _STANDS_HEIGHT)
    moves = (speed > _MOVES_SPEED) | (height > _LIFTED_HEIGHT)
    return stands.astype(float), (stands | moves).astype(float)


def fit(feet: Feet) -> dict[str, np.ndarray]:
    """Return the weights with the least cross entropy, by L-BFGS over all feet at once; the result is reproducible."""
    middle, spread = feet.measures.mean(0), feet.measures.std(0) + 1e-6
    inputs = (feet.measures - middle) / spread
    counts = feet.counts / feet.counts.sum()
    shapes = {"first": (MEASURES, _HIDDEN), "first_offset": (_HIDDEN,), "last": (_HIDDEN,), "last_offset": ()}
    splits = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]

    def named(flat: np.ndarray) -> dict[str, np.ndarray]:
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), np.split(flat, splits), strict=True)}

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = named(flat)
        hidden = np.tanh(inputs @ weights["first"] + weights["first_offset"])
        sure = hidden @ weights["last"] + weights["last_offset"]
        cost = (counts * (np.logaddexp(0, sure) - feet.stands * sure)).sum() + _DECAY * (flat ** 2).sum()
        error = counts * (1 / (1 + np.exp(-sure)) - feet.stands)
        behind = error[:, None] * weights["last"] * (1 - hidden ** 2)
        slopes = (inputs.T @ behind, behind.sum(0), hidden.T @ error, error.sum())
        return cost, np.concatenate([np.ravel(slope) for slope in slopes]) + 2 * _DECAY * flat

    start = np.random.default_rng(0).normal(0, 0.3, splits[-1] + 1)
    found = named(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}).x)
    # Inference takes unscaled measures: so their means and spreads go into the first layer.
    first = found["first"] / spread[:, None]
    return {**found, "first": first, "first_offset": found["first_offset"] - middle @ first}


def judge(feet: Feet, weights: dict[str, np.ndarray]) -> str:
    """Return a sentence with the precision and the recall of the contacts."""
    found, sure = confidence(feet.measures, weights) > 0.5, feet.counts > 0
    stands = (feet.stands > 0.5) & sure
    both = (found & stands).sum()
    return f"{both / max((found & sure).sum(), 1):.1%} right, {both / max(stands.sum(), 1):.1%} found, of {int(sure.sum())}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
