"""The interface of an engine: it takes all people's landmarks in a shot and returns their SMPL motion in the camera's frame.

The stages before (finding people) and after (world, floor, files) are the same for all engines. A new engine is one file in this
folder with a class of this interface and a function `make_engine` that makes it, and an entry in
`mpsnet_blender.shared.engines.table`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import make_array
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.engines.declaration import EngineDeclaration
from mpsnet_blender.shared.engines.table import find_engine
from mpsnet_blender.shared.hands.poses import HandPoses

from ..base.errors import OptionError
from ..base.pinhole import project
from ..base.reporter import Reporter
from ..body.picture_fit import Picture
from ..body.proportions import Body
from ..people.gaps import Clock
from ..people.stitching import PersonTrack
from ..video.frames import VideoSpan

_SOURCE_SUFFIX = ".py"       # of an engine from outside: its declaration has a path
_MIN_DEPTH = 0.1             # metres from the camera, so that nobody behind it gets a height
_NEAR_LANDMARK = 0.08        # statures, sigma: a joint takes the scores of landmarks within about 14 cm


@dataclass(frozen=True)
class Shot:
    """What all people of a clip share: the video, its clock, the camera's intrinsics (3, 3) in px, stature in metres."""
    span: VideoSpan
    clock: Clock
    intrinsics: np.ndarray
    stature: float


@dataclass(frozen=True)
class CapturedPerson:
    """One person whom an engine solved: the track with filled gaps, the body, and its motion in the camera's frame.

    seen_frames: frames in which the person was visible; repaired_frames: frames in which left and right were corrected;
    unrefined_reprojection_error: `reprojection_error` before the fit to the picture; None without that fit.
    pictures: what each of several views sees of the person, from the first camera's axes; none where there is one view.
    hands: the fingers, None where none were seen.
    """
    track: PersonTrack
    body: Body
    motion: CameraMotion
    seen_frames: int
    repaired_frames: int
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    unrefined_reprojection_error: float | None = None
    pictures: tuple[Picture, ...] = ()
    hands: HandPoses | None = None

    def scaled(self, factor: float) -> CapturedPerson:
        """Return the person scaled by a factor, at the scaled distance: the picture stays the same."""
        return replace(self, body=self.body.scaled(factor), motion=self.motion.scaled(factor),
                       pictures=tuple(picture.scaled(factor) for picture in self.pictures))

    def joint_confidence(self) -> np.ndarray:
        """Return each joint's confidence (T, 24) in 0..1: the score of its nearest landmarks in the rest pose."""
        body = self.body
        distances = np.linalg.norm(body.rest_joints[:, None] - body.rest_landmarks[None], axis=-1)
        nearness = np.exp(-0.5 * (distances / _NEAR_LANDMARK / body.stature) ** 2) + 1e-6
        score = self.track.score
        if self.pictures:
            score = np.sqrt(np.max([picture.seen.weights for picture in self.pictures], axis=0))
        confidence = make_array((len(score), len(nearness)))
        for rows in frame_blocks(len(score)):
            confidence[rows] = np.clip(score[rows] @ (nearness / nearness.sum(1, keepdims=True)).T, 0.0, 1.0)
        return confidence

    def height_in_picture(self, intrinsics: np.ndarray) -> float:
        """Return the height in px of the upright body at its median distance."""
        depth = float(np.median(self.motion.root_path[:, 2]))
        return float(intrinsics[1, 1]) * self.motion.stature / max(depth, _MIN_DEPTH)

    def reprojection_error(self, intrinsics: np.ndarray) -> float:
        """Return the mean distance in px between seen landmarks and those of the posed body, weighted by score."""
        apart = 0.0
        for rows in frame_blocks(len(self.track.timestamps)):
            drawn = project(self.body.posed_landmarks(*self.motion.at(rows).pose()), intrinsics)
            distance = np.linalg.norm(drawn - self.track.xy[rows], axis=-1)
            apart += (distance * self.track.score[rows]).sum()
        return float(apart / np.maximum(self.track.score.sum(), 1e-9))


class Engine(Protocol):
    """Computes SMPL motion from landmarks and, where it needs them, the frames."""
    # Title of its stage in progress messages.
    stage_title: str
    # Its share of the time, where finding people has 0.9; the time left is estimated from it.
    time_share: float

    def solve(self, tracks: list[PersonTrack], shot: Shot, reporter: Reporter) -> list[CapturedPerson]:
        """Return the people in the tracks' order. Raises a FixableError, or CancelRequested."""
        ...


def make_engine(request: CaptureRequest, checkpoints_folder: Path) -> Engine:
    """Return the engine that a request names, from the `make_engine` of its file. Raises KeyError, and what that function raises.

    The file is imported only here, because it may need packages that other engines do not need.
    """
    declaration = find_engine(request.engine)
    if declaration.module.endswith(_SOURCE_SUFFIX):
        return _load_outside(declaration).make_engine(request, checkpoints_folder)
    return importlib.import_module(f".{declaration.module}", __package__).make_engine(request, checkpoints_folder)


def _load_outside(declaration: EngineDeclaration) -> ModuleType:
    """Run the file of an engine from outside, and return it as a module. Raises OptionError where it is none."""
    spec = importlib.util.spec_from_file_location(f"outside_engine_{declaration.name}", declaration.module)
    if spec is None or spec.loader is None:
        raise OptionError(f"{declaration.module} cannot be loaded.", "Ask its author.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module     # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, OSError, NameError) as error:
        raise OptionError(f"The engine {declaration.name} cannot be loaded: {error}.",
                          f"Mend {declaration.module}, or ask its author for another version.") from error
    if not callable(getattr(module, "make_engine", None)):
        raise OptionError(f"The engine {declaration.name} has no function make_engine.", f"It belongs into {declaration.module}.")
    return module
