"""The source video behind the scene, in the camera's view, in step with the motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import bpy
import numpy as np

from ...motion.base.footage_timing import FootagePlan, Movie, SceneClock, extend_movie, plan_footage
from ...shared.picture_sequence import DEFAULT_FPS, PictureSequence
from ..base.action import Channel, write_action, write_channels
from ..base.fcurve_reading import find_curve_holder
from ..base.scene_rate import store_rate

_FOOTAGE_KEY = "mpsnet_footage"
_FIRST_NUMBER = "first_number"
_NEARLY_SQUARE = 0.02     # a side is rounded to whole pixels, and encoders round the shape of pixels
_OFFSET_PATH = "background_images[0].image_user.frame_offset"


@dataclass(frozen=True)
class Footage:
    """The source video: its file, its size (width, height) in square px, the seconds (N,) at which its pictures begin, as far as
    known, and when it plays, by the motion's clock. Where it is numbered pictures: which, and how many of them a second.
    clock_rate: seconds that the video's clock counts in one second of the motion's."""
    path: Path
    size: tuple[int, int]
    picture_times: np.ndarray
    clock: SceneClock
    sequence: PictureSequence | None = None
    picture_fps: float = DEFAULT_FPS
    clock_rate: float = 1.0


def add_footage(camera: bpy.types.Camera, footage: Footage) -> bpy.types.Image:
    """Show the video behind the scene in the camera's view, in step with the motion; return its image.

    It is an image and no movie clip, because Blender cannot drive the offset of a clip. Raises RuntimeError where Blender cannot
    open the video.
    """
    image = _load_image(footage)
    background = camera.background_images.new()
    background.image = image
    background.alpha = 1.0
    background.display_depth = "BACK"
    background.frame_method = "FIT"
    background.image_user.use_auto_refresh = True
    sequence = footage.sequence
    fps, length = (footage.picture_fps, sequence.count) if sequence else (
        read_nominal_fps(footage.path), max(1, image.frame_duration))
    movie = extend_movie(fps, length, footage.picture_times).by_clock(footage.clock_rate)
    _time_footage(camera, movie, footage.clock, sequence.first if sequence else None)
    camera.show_background_images = True
    return image


def _load_image(footage: Footage) -> bpy.types.Image:
    """Return the video as an image in the captured proportions: Blender takes a video's pixels as square.

    An image that is used already is not changed, but loaded a second time.
    """
    path = footage.sequence.path_of(0) if footage.sequence else footage.path
    image = bpy.data.images.load(str(path), check_existing=footage.sequence is None)
    if footage.sequence is None and image.source != "MOVIE":      # an animated WebP, or a video of an unknown suffix
        if not image.users:
            bpy.data.images.remove(image)
        raise RuntimeError("it reads this file as a single picture. As MP4, it would be shown.")
    aspect = _pixel_aspect(tuple(image.size), footage.size)
    if abs(aspect - image.display_aspect[0] / image.display_aspect[1]) > _NEARLY_SQUARE:
        if image.users:
            image = bpy.data.images.load(str(path), check_existing=False)
        image.display_aspect = (aspect, 1.0) if aspect > 1 else (1.0, 1.0 / aspect)
    if footage.sequence:
        image.source = "SEQUENCE"
    return image


def _pixel_aspect(size: tuple[int, int], captured: tuple[int, int]) -> float:
    """Return a pixel's width by its height, 1 where Blender shows the video without its rotation."""
    if 0 in size or (size[0] > size[1]) != (captured[0] > captured[1]):
        return 1.0
    aspect = captured[0] * size[1] / (captured[1] * size[0])
    return aspect if abs(aspect - 1) > _NEARLY_SQUARE else 1.0


def read_footage_start(camera: bpy.types.Camera) -> float:
    """Return the scene frame at which the motion over a camera's footage begins."""
    return float(camera[_FOOTAGE_KEY]["start_frame"])


def shift_footage(camera: bpy.types.Camera, start_frame: float, rate: float) -> None:
    """Time a camera's footage again, for a motion that now begins at `start_frame` and a scene of `rate` frames a second."""
    camera.driver_remove(_OFFSET_PATH)
    holder = find_curve_holder(camera.animation_data)
    keyed = holder.fcurves.find(_OFFSET_PATH) if holder else None
    if holder and keyed:
        holder.fcurves.remove(keyed)
    timing: Mapping = camera[_FOOTAGE_KEY]
    movie = Movie(timing["fps"], timing["length"], np.array(timing["picture_times"]), timing["unit"])
    if camera.background_images and camera.background_images[0].image is not None:
        _time_footage(camera, movie, SceneClock(start_frame, timing["origin_seconds"], rate), timing.get(_FIRST_NUMBER))


def _time_footage(camera: bpy.types.Camera, movie: Movie, clock: SceneClock, first_number: int | None) -> None:
    """Time the camera's background so that it is in step with the motion; store the timing, for changes of the scene's rate.

    first_number: of numbered pictures, whose frames Blender counts by the numbers in their names.
    """
    camera[_FOOTAGE_KEY] = {**asdict(movie), "picture_times": movie.picture_times.tolist(),
                     "start_frame": float(clock.start_frame), "origin_seconds": clock.origin_seconds,
                     **({} if first_number is None else {_FIRST_NUMBER: first_number})}
    store_rate(camera, clock.fps)
    plan = plan_footage(movie, clock)
    _apply_plan(camera, plan if first_number is None else plan.for_pictures(movie.length, first_number))


def _apply_plan(camera: bpy.types.Camera, plan: FootagePlan) -> None:
    """Set the frames of the camera's background as planned."""
    user = camera.background_images[0].image_user
    user.frame_start, user.frame_duration = plan.first_frame, plan.frame_count
    if isinstance(plan.offset, int):
        user.frame_offset = plan.offset
    elif plan.offset is not None:
        camera.driver_add(_OFFSET_PATH).driver.expression = plan.offset
    else:
        channel = Channel(_OFFSET_PATH, plan.frames, plan.offsets[:, None], "Footage", interpolation="CONSTANT")
        holder = find_curve_holder(camera.animation_data)
        if holder is None:
            write_action(camera, f"{camera.name} footage", [channel])
        else:
            write_channels(holder, [channel])


def read_nominal_fps(path: Path) -> float:
    """Return the rate by which Blender counts a movie's frames. It is read from a movie clip, because images do not have it."""
    clip = bpy.data.movieclips.load(str(path), check_existing=False)
    try:
        return clip.fps
    finally:
        bpy.data.movieclips.remove(clip)
