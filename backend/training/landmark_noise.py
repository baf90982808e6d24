"""The landmark stage's errors, measured on rendered people and added to recordings seen from any side.

An error is the stage's landmark minus that of a generic body in the true pose. The part explained by pose and view (depth scale,
lean, shifts) is a ridge regression for each landmark. The residuals (noise over time, drop-outs, exchanged sides, other
proportions) are kept as measured; a recording gets those of a scene with a similar facing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics

from ..base.pinhole import compute_rays, project, rotmats_towards
from ..body.proportions import Body, make_generic_body
from ..engines.lifter_inputs import FRAMES_PER_SECOND
from ..people.landmarks import LANDMARK, MIRRORED, TORSO
from ..people.stitching import PersonTrack
from .landmark_scenes import TRUTH_STATURE, Scene
from .recordings import Recording, RecordingLibrary

_HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]
_EXPLAINING = [LANDMARK[name] for name in ("nose", *(f"{side}_{part}" for side in ("left", "right") for part in (
    "shoulder", "elbow", "wrist", "hip", "knee", "ankle")))]
_RIDGE = 30.0               # frames: the weight of the prior that pose explains nothing; chosen by eye
_DONORS = 12                # residuals come from one of so many scenes with the most similar facing: enough to vary
_LEFT_ARM, _RIGHT_ARM = ([JOINT[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow", "wrist", "hand")]
                         for side in ("left", "right"))
_LEFT_LEG, _RIGHT_LEG = ([JOINT[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")] for side in ("left", "right"))
_ARMS = _LEFT_ARM + _RIGHT_ARM
_UPPER = [JOINT[name] for name in ("spine2", "spine3", "neck", "head")] + _ARMS
# Groups of joints that are taken from other recordings, and their probabilities: three quarters of the recordings are mixed.
_MIXTURES = ((), (_UPPER,), (_ARMS,), (_LEFT_ARM, _RIGHT_ARM), (_LEFT_ARM, _RIGHT_ARM, _LEFT_LEG, _RIGHT_LEG))
_MIXTURE_CHANCES = (0.25, 0.2, 0.15, 0.15, 0.25)
# Radians by which joints are varied: as much as subjects differ (shoulders by 0.2 and more, weights/README.md), hinges less.
_STRAY = np.full(24, 0.05)
for _name, _radians in (("shoulder", 0.2), ("hip", 0.12), ("elbow", 0.1), ("wrist", 0.1)):
    _STRAY[[JOINT[f"left_{_name}"], JOINT[f"right_{_name}"]]] = _radians
_LEG_SHARE = 0.477          # of the stature: the generic body's hip over its ankle
_CONTACT_HEIGHT, _CONTACT_SPEED = 0.035, 0.30       # metres, m/s: as evaluation.truth takes points for standing
_LOWEST_SHARE = 5           # per cent of frames in which a sole may lie below the floor: outliers of a recording


@dataclass(frozen=True)
class _View:
    """A body before a camera, T frames: true landmarks hip-centred along the ray (T, 33, 3), and where that ray is.

    world: metres of an adult of 1.70 m; xy (T, 33, 2) px; size (T,) px that 1.70 m fill; facing (T,) radians.
    """
    world: np.ndarray
    xy: np.ndarray
    size: np.ndarray
    facing: np.ndarray


@dataclass(frozen=True)
class LandmarkNoise:
    """weights (F, 33 * 5): the explained part of the errors of world (3) and image (2); for each donor scene the residuals
    (T, 33, 5), score and facing."""
    weights: np.ndarray
    rests: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]
    facings: tuple[np.ndarray, ...]


def measure_noise(scenes: list[Scene]) -> LandmarkNoise:
    """Return the noise of rendered scenes, each also as its mirror image."""
    views = [_make_view(scene.rotmats, scene.hips, scene.true_intrinsics, scene.stature) for scene in scenes]
    errors = [_compute_errors(scene.track, view) for scene, view in zip(scenes, views, strict=True)]
    scores = [scene.track.score for scene in scenes]
    views += [_mirrored_view(view) for view in views]
    errors += [error[:, MIRRORED] * (-1, 1, 1, -1, 1) for error in errors]
    scores += [score[:, MIRRORED] for score in scores]
    explaining = np.concatenate([_make_regressors(view) for view in views])
    flat = np.concatenate(errors).reshape(len(explaining), -1)
    weights = np.linalg.solve(explaining.T @ explaining + _RIDGE * np.eye(explaining.shape[1]), explaining.T @ flat)
    rests = tuple((error - (_make_regressors(view) @ weights).reshape(error.shape)).astype(np.float32)
                  for error, view in zip(errors, views, strict=True))
    return LandmarkNoise(weights, rests, tuple(scores), tuple(view.facing for view in views))


def make_noisy_scene(library: RecordingLibrary, noise: LandmarkNoise, rng: np.random.Generator, frames: int) -> Scene:
    """Return the scene of a varied recording before a random camera, with the landmark stage's typical errors."""
    recording = vary_recording(library.draw(rng, frames), library, rng)
    image_size = ((1280, 720), (1920, 1080), (720, 1280))[rng.integers(3)]
    focal = max(image_size) / 2 / np.tan(np.radians(rng.uniform(45, 68)) / 2)
    intrinsics = np.array(((focal, 0, image_size[0] / 2), (0, focal, image_size[1] / 2), (0, 0, 1)))
    pitch, yaw = np.radians(rng.normal(5, 7)), rng.uniform(0, 2 * np.pi)
    # The recording's axes (y up) to a level camera's (y down), then the camera's pitch.
    cam_from_recording = Rotation.from_euler("xyx", (-pitch, yaw, np.pi)).as_matrix()
    scale = _LEG_SHARE * TRUTH_STATURE / library.leg_length
    distance = focal * TRUTH_STATURE / (rng.uniform(0.22, 0.72) * min(image_size))
    path = (recording.root - recording.root.mean(0)) @ cam_from_recording.T * scale
    path += (rng.uniform(-0.25, 0.25) * distance * image_size[0] / focal, rng.normal(0, 0.1) * distance,
             max(distance, 1.2 - path[:, 2].min()))
    rotmats = recording.rotmats.copy()
    rotmats[:, 0] = cam_from_recording @ rotmats[:, 0]
    view = _make_view(rotmats, path, intrinsics, TRUTH_STATURE)
    donor = _choose_donor(noise, view.facing, rng)
    rows = np.arange(len(view.facing))
    error = noise.rests[donor][rows] + (_make_regressors(view) @ noise.weights).reshape(len(rows), -1, 5)
    world = view.world + error[..., :3]
    xy = view.xy + error[..., 3:] * view.size[:, None, None]
    boxes = np.concatenate([xy.min(1), xy.max(1)], axis=1)
    track = PersonTrack(rows, rows / FRAMES_PER_SECOND, xy, world, noise.scores[donor][rows].astype(np.float64), boxes)
    return Scene(recording.name, track, image_size, intrinsics, rotmats, np.empty((len(rows), 0, 3)),
                 _measure_contacts(recording, scale), TRUTH_STATURE)


def vary_recording(recording: Recording, library: RecordingLibrary, rng: np.random.Generator) -> Recording:
    """Return a varied recording: with some limbs of other recordings, joints rotated a little, and the whole body tilted."""
    for joints in _MIXTURES[rng.choice(len(_MIXTURES), p=_MIXTURE_CHANCES)]:
        recording = _mix_recordings(recording, library.draw(rng, len(recording.root)), joints)
    rotmats = recording.rotmats.copy()
    if rng.random() < 0.6:
        turned = _draw_slow_turns(rng, len(rotmats)) * (_STRAY * rng.uniform(0.3, 1.5))[:, None]
        rotmats = rotmats @ Rotation.from_rotvec(turned.reshape(-1, 3)).as_matrix().reshape(rotmats.shape)
    tilt = rng.normal(0, np.pi / 3 if rng.random() < 0.05 else 0.1, size=3) * (1, 0, 1)
    rotmats[:, 0] = Rotation.from_rotvec(tilt).as_matrix() @ rotmats[:, 0]
    return Recording(recording.name, rotmats, recording.root)


def _draw_slow_turns(rng: np.random.Generator, frame_count: int) -> np.ndarray:
    """Return rotation vectors (T, 24, 3) of variance 1 that swing slowly: two waves for each value."""
    seconds = np.arange(frame_count)[:, None, None] / FRAMES_PER_SECOND
    slow, fast = (np.sin(2 * np.pi * (rng.uniform(0.1, 1.0, (24, 3)) * seconds + rng.random((24, 3)))) for _ in range(2))
    return slow + fast


def _mix_recordings(lower: Recording, upper: Recording, joints: list[int]) -> Recording:
    """Return one recording with some joints of another, over the frames that both have."""
    count = min(len(lower.root), len(upper.root))
    rotmats = lower.rotmats[:count].copy()
    rotmats[:, joints] = upper.rotmats[:count][:, joints]
    return Recording(lower.name, rotmats, lower.root[:count])


def _make_view(rotmats: np.ndarray, hips: np.ndarray, intrinsics: np.ndarray, stature: float) -> _View:
    """Return a generic body's view: rotations in the camera's axes, the hips' middle (T, 3) in metres in its frame."""
    body: Body = make_generic_body(stature)
    turned, joints = forward_kinematics(rotmats, body.rest_joints, np.zeros((len(rotmats), 3)))
    landmarks = body.posed_landmarks(turned, joints)
    landmarks = landmarks - landmarks[:, _HIPS].mean(1, keepdims=True)
    xy = project(landmarks + hips[:, None], intrinsics)
    towards = rotmats_towards(compute_rays(xy, intrinsics)[:, TORSO].mean(1))
    front = np.einsum("tji,tj->ti", towards, turned[:, JOINT["spine3"], :, 2])
    return _View(landmarks @ towards * (TRUTH_STATURE / stature), xy, intrinsics[0, 0] * stature / hips[:, 2],
                 np.arctan2(front[:, 0], -front[:, 2]))


def _mirrored_view(view: _View) -> _View:
    return _View(view.world[:, MIRRORED] * (-1, 1, 1), view.xy, view.size, -view.facing)


def _compute_errors(track: PersonTrack, view: _View) -> np.ndarray:
    """Return errors (T, 33, 5): of world in metres, of the image in shares of the stature's px."""
    return np.concatenate([track.world - view.world, (track.xy - view.xy) / view.size[:, None, None]], axis=-1)


def _make_regressors(view: _View) -> np.ndarray:
    """Return the regressors of errors (T, F): positions of joints, facing of the chest, and a constant."""
    facing = np.stack([np.cos(view.facing), np.sin(view.facing), np.cos(2 * view.facing), np.ones_like(view.facing)], axis=1)
    return np.concatenate([view.world[:, _EXPLAINING].reshape(len(facing), -1), facing], axis=1)


def _choose_donor(noise: LandmarkNoise, facing: np.ndarray, rng: np.random.Generator) -> int:
    """Return the index of a scene that is long enough and has a similar facing throughout."""
    unlike = [1 - np.cos(other[:len(facing)] - facing).mean() if len(other) >= len(facing) else np.inf for other in noise.facings]
    return int(rng.choice(np.argsort(unlike)[:_DONORS]))


def _measure_contacts(recording: Recording, scale: float) -> np.ndarray:
    """Return which of left heel, left toe, right heel, right toe (T, 4) are low and slow in a recording."""
    body = make_generic_body(TRUTH_STATURE)
    turned, joints = forward_kinematics(recording.rotmats, body.rest_joints, recording.root * scale)
    landmarks = body.posed_landmarks(turned, joints)
    points = landmarks[:, [LANDMARK[name] for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")]]
    floor = np.percentile(points[..., 1].min(1), _LOWEST_SHARE)
    speed = np.linalg.norm(np.gradient(points, 1 / FRAMES_PER_SECOND, axis=0), axis=-1)
    return (points[..., 1] < floor + _CONTACT_HEIGHT) & (speed < _CONTACT_SPEED)
