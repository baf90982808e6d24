"""Views with known cameras: one dancer, whose landmarks are exact in each, with the body a few degrees off."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from backend.base.pinhole import project
from backend.body.proportions import make_generic_body
from backend.camera.path import still_camera
from backend.camera.scenery import UprightLines
from backend.camera.viewpoint import Viewpoint
from backend.engines.engine import CapturedPerson, Shot
from backend.people.gaps import Clock
from backend.people.stitching import PersonTrack
from backend.video.frames import VideoSpan
from backend.views.camera_paths import Cameras, still_path
from backend.views.cameras import start_cameras
from backend.views.sightlines import Sightlines, read_sightlines
from backend.views.view import View
from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS

DISTANCE = 4.0      # metres from each camera to the dancer
_MOVING = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "hip", "knee")]


def dance(times: np.ndarray, seed: int) -> np.ndarray:
    """Return the rotations (T, 24, 3, 3) of an aperiodic dance at times (T,) s, upright in a camera's axes (y down)."""
    rng = np.random.default_rng(seed)
    rotvecs = np.zeros((len(times), 24, 3))
    for joint in _MOVING:
        pace, phase = rng.uniform(0.2, 0.9, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
        rotvecs[:, joint] = 0.35 * np.sin(2 * np.pi * pace * times[:, None, None] + phase).sum(1)
    rotmats = Rotation.from_rotvec(rotvecs.reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
    rotmats[:, 0] = Rotation.from_euler("xy", (180, 40), degrees=True).as_matrix()
    return rotmats


def make_view(name: str, turn_degrees: float = 0.0, seed: int = 0, start: float = 0.0, frames: int = 90, fps: float = 30.0,
              lean_degrees: float = 0.0, bystander: float | None = None, gain: float = 0.0,
              pan_degrees: float = 0.0, travel: float = 0.0, path_scale: float = 1.0) -> View:
    """Return the view of a camera that stands at an angle around the dancer; its video begins at the dance's second `start`.

    lean_degrees: by how much the view's body leans towards the camera, as bodies from one view do; bystander: metres by which
    somebody who stands still is to the right of the dancer in the first view; gain: seconds that the view's clock gains in one;
    pan_degrees: by how much the camera turns to one side and the other about its first direction, which trembles; travel: metres
    by which it goes to the right and back; path_scale: by which the view alone has its path too long.
    """
    times = np.arange(frames) / fps
    place, moved = np.array((0.0, 0.0, DISTANCE)), move(times, pan_degrees, travel)
    people = [_see_person(dance(times / (1 + gain) + start, seed), place, times, turn_degrees, lean_degrees, moved)]
    if bystander is not None:
        still = np.repeat(dance(np.zeros(1), 99), frames, axis=0)
        people.append(_see_person(still, place + (bystander, 0.0, 0.0), times, turn_degrees, lean_degrees, moved))
    clock = Clock(np.arange(frames), times, fps)
    shot = Shot(VideoSpan(Path(name), IMAGE_SIZE, fps, frames), clock, INTRINSICS, 1.7)
    nothing = UprightLines(np.zeros((0, 2, 2)), np.zeros(0, dtype=int), 0)
    camera = replace(still_camera(frames), rotmats=moved[:, :3, :3], positions=path_scale * moved[:, :3, 3], is_metric=True,
                     is_still=not (pan_degrees or travel))
    return View(shot, Viewpoint(INTRINSICS, camera, nothing), people, True)


def move(times: np.ndarray, degrees: float, travel: float = 0.0) -> np.ndarray:
    """Return the matrices (T, 4, 4) from the axes of a camera that pans in 3 s, trembles at 4 Hz, and goes some metres to the
    right and back in 3 s, to its first ones."""
    angles = degrees * np.stack([np.sin(2 * np.pi * times / 3), 0.03 * np.sin(2 * np.pi * 4 * times)], axis=1)
    matrices = np.tile(np.eye(4), (len(times), 1, 1))
    matrices[:, :3, :3] = Rotation.from_euler("yx", angles, degrees=True).as_matrix()
    matrices[:, 0, 3] = 0.5 * travel * (1 - np.cos(2 * np.pi * times / 3))
    return matrices


def _see_person(rotmats: np.ndarray, place: np.ndarray, times: np.ndarray, turn_degrees: float,
                lean_degrees: float, moved: np.ndarray) -> CapturedPerson:
    """Return a person at a place (3,) m in the first camera's axes as a camera that moves sees and an engine solves that
    person."""
    body, count = make_generic_body(1.7), len(times)
    motion = CameraMotion(rotmats, np.tile(place, (count, 1)), body.rest_joints, times, 1.7)
    motion = motion.with_pose(*motion.pose_in(np.linalg.inv(first_from_cam(turn_degrees) @ moved)))
    xy = project(body.posed_landmarks(*motion.pose()), INTRINSICS)
    leaning = np.eye(4)
    leaning[:3, :3] = Rotation.from_euler("x", lean_degrees, degrees=True).as_matrix()
    solved, _ = motion.pose_in(leaning)
    track = PersonTrack(np.arange(count), times, xy, np.zeros((count, 33, 3)), np.ones((count, 33)), np.zeros((count, 4)))
    return CapturedPerson(track, body, motion.with_pose(solved, motion.transl), count, 0)


def first_from_cam(turn_degrees: float) -> np.ndarray:
    """Return the pose (4, 4), in the first camera's axes, of a camera that went so far around the dancer."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("y", -turn_degrees, degrees=True).as_matrix()
    middle = np.array((0.0, 0.0, DISTANCE))
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle
    return matrix


def read_still(view: View, person: int = 0) -> Sightlines:
    """Return what a camera that stands still sees of one of its people."""
    return read_sightlines(view.people[person], view.shot.intrinsics, still_path())


def still_cameras(*offsets: float) -> Cameras:
    """Return cameras that stand still, of which the offsets in s are known."""
    return start_cameras(np.array(offsets), (still_path(),) * len(offsets))
