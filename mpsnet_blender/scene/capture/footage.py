"""The source video behind the scene, in the camera's view, in step with the motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...motion.base.footage_timing import FootagePlan, SceneClock, footage_plan, whole_movie
from ..base.action import Channel, write_action

_OFFSET_PATH = "background_images[0].image_user.frame_offset"


@dataclass(frozen=True)
class Footage:
    """The source video: its file, the seconds (N,) at which its pictures begin, as far as known, and when it plays."""
    path: Path
    picture_times: np.ndarray
    clock: SceneClock


def add_footage(camera: bpy.types.Camera, footage: Footage) -> bpy.types.Image:
    """Show the video behind the scene in the camera's view, in step with the motion. Raises RuntimeError where Blender
    cannot open it.

    An image serves, because a movie clip's user has no offset to drive.
    """
    image = bpy.data.images.load(str(footage.path), check_existing=True)
    background = camera.background_images.new()
    background.image = image
    background.alpha = 1.0
    background.display_depth = "BACK"
    background.frame_method = "FIT"
    background.image_user.use_auto_refresh = True
    movie = whole_movie(_nominal_fps(footage.path), max(1, image.frame_duration), footage.picture_times)
    _play(camera, footage_plan(movie, footage.clock))
    camera.show_background_images = True
    return image


def _play(camera: bpy.types.Camera, plan: FootagePlan) -> None:
    """Let the camera's background play as planned."""
    user = camera.background_images[0].image_user
    user.frame_start, user.frame_duration = plan.first_frame, plan.frame_count
    if isinstance(plan.offset, int):
        user.frame_offset = plan.offset
    elif plan.offset is not None:
        camera.driver_add(_OFFSET_PATH).driver.expression = plan.offset
    else:
        write_action(camera, f"{camera.name} footage",
                     [Channel(_OFFSET_PATH, plan.frames, plan.offsets[:, None], "Footage", interpolation="CONSTANT")])


def _nominal_fps(path: Path) -> float:
    """Return the rate by which Blender counts a movie's frames: a movie clip tells it, an image does not."""
    clip = bpy.data.movieclips.load(str(path), check_existing=False)
    try:
        return clip.fps
    finally:
        bpy.data.movieclips.remove(clip)
