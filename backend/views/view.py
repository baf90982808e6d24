"""One of several views: what a camera saw, and the people whom an engine solved in it; and a further video, before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.capture_request import CaptureRequest

from ..base.errors import OptionError
from ..camera.viewpoint import Viewpoint
from ..engines.engine import CapturedPerson, Shot
from ..video.frames import VideoSpan, open_span
from ..video.sound import Sound, read_sound
from ..world.placing import place_people
from .camera_paths import CameraPath, still_path
from .sound_timing import find_sound_offset

_AROUND_SECONDS = 0.5           # read of another view before and after the wanted part: what smooths reaches no farther
SEARCHED_SECONDS = 60.0         # read before and after it where the time between the videos is not known: phones that one person
#                                 starts one after the other are seconds apart, and to read an hour would take two


@dataclass(frozen=True)
class View:
    """A video's shot and camera, the people solved in its axes, and whether its lens was given or read from the file."""
    shot: Shot
    viewpoint: Viewpoint
    people: list[CapturedPerson]
    lens_is_known: bool

    @property
    def name(self) -> str:
        return self.shot.span.path.name


@dataclass(frozen=True)
class Standpoint:
    """Pitch and roll (2,) of the camera in its first frame, radians; its path, whose scale is that at which feet stand still."""
    tilt: np.ndarray
    path: CameraPath


def find_standpoint(view: View) -> Standpoint:
    """Return where a camera looks and how it moves, by its view alone."""
    camera, _ = place_people(view.people, view.shot, view.viewpoint.camera, view.viewpoint.vertical)
    poses = camera.world_from_cam
    path = still_path()
    if len(poses) > 1:
        poses = np.linalg.inv(poses[0]) @ poses
        path = CameraPath(view.shot.clock.timestamps, poses[:, :3, :3], poses[:, :3, 3] * view.viewpoint.camera.translates)
    return Standpoint(np.array((camera.pitch, camera.roll)), path)


@dataclass(frozen=True)
class OtherView:
    """A further video of the same moment; offset: the second of it in which the first video's second 0 lies, where given;
    heard: the same by the sound of both, where it tells it."""
    video: Path
    offset: float | None = None
    heard: float | None = None


def hear_offsets(video: Path, others: Sequence[OtherView]) -> list[OtherView]:
    """Return the further videos with their offsets by sound, where none are given."""
    asked = any(other.offset is None for other in others)
    sound = read_sound(video) if asked else None
    if sound is None:
        return list(others)
    return [replace(other, heard=_hear(sound, other.video)) if other.offset is None else other for other in others]


def _hear(sound: Sound, video: Path) -> float | None:
    other = read_sound(video)
    return None if other is None else find_sound_offset(sound, other)


def open_other_view(other: OtherView, request: CaptureRequest) -> VideoSpan:
    """Return what is read of another view: what shows the wanted part of the first video, by an offset that is given or heard;
    without one, what may show it.

    Raises VideoError, OptionError.
    """
    offset = other.heard if other.offset is None else other.offset
    around = _AROUND_SECONDS if offset is not None else SEARCHED_SECONDS
    offset = offset or 0.0
    end = None if request.end_seconds is None else request.end_seconds + offset + around
    if end is not None and end <= 0:
        raise OptionError(f"{other.video.name} begins only {-offset:.3g} s after the first video, which is wanted until "
                          f"{request.end_seconds:g} s.", "Choose a later --end, or another --offset.")
    return open_span(other.video, max(0.0, request.start_seconds + offset - around), end, request.picture_fps)
