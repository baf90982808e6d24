"""What an engine is: it takes everybody's landmarks in a shot and returns their SMPL motion before the camera.

Everything before (finding people) and after (world, floor, files) is written once. A new engine is one file of this room
with a class of this shape and a function `engine_for` that makes it, and an entry, of the file's name, in
`mpsnet_blender.shared.engines`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.engines import engine_named

from ..base.pinhole import project
from ..base.reporter import Reporter
from ..body.proportions import Body
from ..people.gaps import Clock
from ..people.stitching import PersonTrack
from ..video.frames import VideoSpan


@dataclass(frozen=True)
class Shot:
    """What is common to everybody: the video, its clock, the camera's intrinsics (3, 3) in px, stature in metres."""
    span: VideoSpan
    clock: Clock
    intrinsics: np.ndarray
    stature: float


@dataclass(frozen=True)
class CapturedPerson:
    """One person on the way to a file: the track with filled gaps, the body, and its motion before the camera.

    unrefined_reprojection_error: what `reprojection_error` was before an engine refined the motion; None where none did.
    """
    track: PersonTrack
    body: Body
    motion: CameraMotion
    seen_frames: int
    repaired_frames: int
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    unrefined_reprojection_error: float | None = None

    def scaled(self, factor: float) -> CapturedPerson:
        """Return the person larger and farther by a factor: the picture stays the same."""
        return replace(self, body=self.body.scaled(factor), motion=self.motion.scaled(factor))

    def joint_confidence(self) -> np.ndarray:
        """Return each joint's confidence (T, 24) in 0..1: the score of its nearest landmarks in the rest pose."""
        body = self.body
        distances = np.linalg.norm(body.rest_joints[:, None] - body.rest_landmarks[None], axis=-1)
        nearness = np.exp(-0.5 * (distances / 0.08 / body.stature) ** 2) + 1e-6
        return np.clip(self.track.score @ (nearness / nearness.sum(1, keepdims=True)).T, 0.0, 1.0)

    def reprojection_error(self, intrinsics: np.ndarray) -> float:
        """Return the mean distance in px between seen landmarks and those of the posed body, weighted by score."""
        global_rotmats, joints = self.motion.pose()
        drawn = project(self.body.posed_landmarks(global_rotmats, joints), intrinsics)
        distance = np.linalg.norm(drawn - self.track.xy, axis=-1)
        return float((distance * self.track.score).sum() / np.maximum(self.track.score.sum(), 1e-9))


class Engine(Protocol):
    """A way from landmarks (and, where it wants them, the frames) to SMPL motion."""
    # What its progress is called.
    stage: str
    # The engine's share of a capture's time, with finding people taking 0.9.
    time_share: float

    def solve(self, tracks: list[PersonTrack], shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
        """Return the people in the tracks' order. Raises a FixableError, or CancelRequested."""
        ...


def engine_for(request: CaptureRequest, checkpoints_folder: Path) -> Engine:
    """Return the engine that a request names, as its own file makes it. Raises KeyError, and what that file raises.

    The file is imported here and not before: it may need packages that other engines do without.
    """
    module = importlib.import_module(f".{engine_named(request.engine).name}", __package__)
    return module.engine_for(request, checkpoints_folder)
