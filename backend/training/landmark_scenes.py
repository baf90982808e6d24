"""Reads the rendered people that `samples/render_people.py` writes, for the training of the temporal network.

Each scene goes through the stages of a capture: side repair, lifting, the analytic solve, the network's inputs.
Each scene also has variants: at twice the speed, and with parts of the body hidden for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_NAMES, mirrored_name

from ..base.pinhole import camera_matrix, compute_rays, rotmats_towards
from ..base.rotations import transpose
from ..body.analytic_solve import smooth_unseen_joints, solve_rotations
from ..body.lean import measure_lean_bias
from ..body.lifting import LiftedTrack, lift
from ..engines.lifter_inputs import FRAMES_PER_SECOND, make_lifter_inputs
from ..people.landmarks import LANDMARK, LANDMARK_COUNT, MIRRORED, TORSO
from ..people.sides import repair_sides
from ..people.stitching import PersonTrack

_ARM, _LEG = ("elbow", "wrist", "pinky", "index", "thumb"), ("knee", "ankle", "heel", "foot_index")
_HIDDEN_PARTS = tuple(tuple(LANDMARK[f"{side}_{part}"] for part in parts)
                      for side in ("left", "right") for parts in (_ARM, _LEG, _ARM[1:], _LEG[1:]))
_HIDDEN_PARTS += (_HIDDEN_PARTS[1] + _HIDDEN_PARTS[5],)
_HIP_KEYPOINTS = (11, 12)
_HIDDEN_DRIFT = 0.12      # of the body's size: the error of a hidden landmark's guess; limbs that are hidden are 23 degrees off
TRUTH_STATURE = 1.70


@dataclass(frozen=True)
class Scene:
    """A rendered scene and its landmarks. rotmats (T, 24, 3, 3) are the recording's, the root's in the camera's axes.

    keypoints (T, 23, 3) true places in the camera's frame; contacts (T, 4) bool; track: the landmark stage's result;
    stature in metres.
    """
    name: str
    track: PersonTrack
    image_size: tuple[int, int]
    true_intrinsics: np.ndarray
    rotmats: np.ndarray
    keypoints: np.ndarray
    contacts: np.ndarray
    stature: float

    @property
    def hips(self) -> np.ndarray:
        """The true midpoint (T, 3) of the hips."""
        return self.keypoints[:, _HIP_KEYPOINTS].mean(1)


@dataclass(frozen=True)
class Example:
    """One scene ready for training, T frames: inputs (T, INPUT_SIZE), start (T, 144), rotmats (T, 24, 3, 3), contacts (T, 4).

    rotmats is the truth, the root's seen along the ray to the person. float32.
    """
    inputs: np.ndarray
    start: np.ndarray
    rotmats: np.ndarray
    contacts: np.ndarray


def read_scene(path: Path) -> Scene:
    """Return a scene as `samples/render_people.py` writes it."""
    with np.load(path, allow_pickle=False) as arrays:
        xy = arrays["xy"].astype(np.float64)
        width, height = (int(side) for side in arrays["image_size"])
        rotmats = arrays["rotmats"].astype(np.float64)
        rotmats[:, 0] = arrays["cam_from_recording"] @ rotmats[:, 0]
        focal = float(arrays["focal"])
        frame_index = np.arange(len(xy))
        boxes = np.concatenate([xy.min(1), xy.max(1)], axis=1)
        track = PersonTrack(frame_index, frame_index / FRAMES_PER_SECOND, xy, arrays["world"].astype(np.float64),
                            arrays["score"].astype(np.float64), boxes)
        intrinsics = np.array(((focal, 0, width / 2), (0, focal, height / 2), (0, 0, 1)))
        return Scene(str(arrays["name"]), track, (width, height), intrinsics, rotmats,
                     arrays["keypoints"].astype(np.float64), arrays["contacts"], float(arrays["stature"]))


def solve_scene(scene: Scene) -> tuple[PersonTrack, LiftedTrack, np.ndarray, np.ndarray]:
    """Return the repaired track, its lift, the analytic rotations (T, 24, 3, 3) and the intrinsics that were assumed.

    The camera's field of view is not given, as with most footage.
    """
    intrinsics = camera_matrix(scene.image_size)
    track, _ = repair_sides(scene.track)
    lifted = lift(track, intrinsics, TRUTH_STATURE, measure_lean_bias([track], intrinsics))
    return track, lifted, smooth_unseen_joints(solve_rotations(lifted), lifted), intrinsics


def make_example(scene: Scene) -> Example:
    """Return the scene's inputs and truth."""
    track, lifted, rotmats, intrinsics = solve_scene(scene)
    inputs = make_lifter_inputs(track, lifted, rotmats, intrinsics)
    true_towards = rotmats_towards(compute_rays(track.xy, scene.true_intrinsics)[:, TORSO].mean(1))
    truth = scene.rotmats.copy()
    truth[:, 0] = transpose(true_towards) @ truth[:, 0]
    return Example(inputs.frames, inputs.start, truth.astype(np.float32), scene.contacts.astype(np.float32))


def speed_up(scene: Scene) -> Scene:
    """Return the scene at twice the speed: every other frame."""
    track = scene.track
    every = slice(None, None, 2)
    frame_index = np.arange(len(track.frame_index[every]))
    quick = PersonTrack(frame_index, frame_index / FRAMES_PER_SECOND, track.xy[every], track.world[every],
                        track.score[every], track.boxes[every])
    return Scene(scene.name, quick, scene.image_size, scene.true_intrinsics, scene.rotmats[every],
                 scene.keypoints[every], scene.contacts[every], scene.stature)


def hide_parts(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return the scene with parts of the body hidden for a while: their landmarks become wrong guesses with low scores."""
    track = scene.track
    xy, world, score = track.xy.copy(), track.world.copy(), track.score.copy()
    size = np.linalg.norm(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)[:, None, None]
    for _ in range(rng.integers(1, 4)):
        part = list(_HIDDEN_PARTS[rng.integers(len(_HIDDEN_PARTS))])
        length = int(rng.integers(4, 30))
        first = int(rng.integers(-length // 2, len(xy)))
        rows = slice(max(0, first), max(0, first) + length)
        count = len(xy[rows])
        common, separate = _draw_slow_series(rng, count, 5), _draw_slow_series(rng, count, 5 * len(part))
        stray = common[:, None] + 0.3 * separate.reshape(count, len(part), 5)
        xy[rows, part] += _HIDDEN_DRIFT / 2 * stray[..., :2] * size[rows]
        world[rows, part] += _HIDDEN_DRIFT * stray[..., 2:]
        score[rows, part] = np.minimum(score[rows, part], rng.uniform(0.02, 0.4, size=(1, len(part))))
    strayed = PersonTrack(track.frame_index, track.timestamps, xy, world, score, track.boxes)
    return Scene(scene.name, strayed, scene.image_size, scene.true_intrinsics, scene.rotmats, scene.keypoints,
                 scene.contacts, scene.stature)


def _draw_slow_series(rng: np.random.Generator, count: int, columns: int) -> np.ndarray:
    """Return values (count, columns) of variance 1 that change slowly (an autoregressive series)."""
    values = rng.standard_normal((count, columns))
    for row in range(1, count):
        values[row] = 0.93 * values[row - 1] + (1 - 0.93 ** 2) ** 0.5 * values[row]
    return values


def mirrored_columns() -> tuple[np.ndarray, np.ndarray]:
    """Return the order and the signs (INPUT_SIZE,) that turn a frame's inputs into those of its mirror image."""
    blocks, signs, start = [], [], 0
    for size, axes in ((2, (-1, 1)), (1, (1,)), (3, (-1, 1, 1)), (3, (-1, 1, 1))):
        blocks.append((start + size * np.asarray(MIRRORED)[:, None] + np.arange(size)).ravel())
        signs.append(np.tile(axes, LANDMARK_COUNT))
        start += size * LANDMARK_COUNT
    order, sign = mirrored_rot6d()
    return np.concatenate([*blocks, start + order]), np.concatenate([*signs, sign]).astype(np.float32)


def mirrored_rot6d() -> tuple[np.ndarray, np.ndarray]:
    """Return the order and signs (144,) that mirror 6D rotations: R -> M R M with M = diag(-1, 1, 1), sides exchanged."""
    joints = mirrored_joints()
    sign = np.outer((-1, 1, 1), (-1, 1)).ravel()
    return (6 * joints[:, None] + np.arange(6)).ravel(), np.tile(sign, len(joints)).astype(np.float32)


def mirrored_joints() -> np.ndarray:
    """Return the joint (24,) on the other side of each."""
    return np.array([JOINT[mirrored_name(name)] for name in JOINT_NAMES])
