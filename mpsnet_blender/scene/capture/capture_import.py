"""Import of a motion file or a capture's folder as one collection of armatures; nothing else in the file changes."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np

from ...motion.base.footage_timing import SceneClock
from ...motion.base.rest_pose import curl_hands
from ...motion.base.rotations import rotmat_from_rotvec
from ...motion.base.soles import compute_stature
from ...motion.base.timing import compute_scene_frames, split_frame_rate
from ...motion.results.capture_folder import Capture, ReadMotions, open_capture, read_motions
from ...shared.capture_listing import ListedView
from ...shared.picture_sequence import SequenceError, find_sequence
from ..base.scene_rate import scene_rate, store_rate
from ..base.selection import select_only
from ..base.units import metres_per_unit
from ..base.visibility import find_shown_frames, has_keyed_visibility
from .camera import CameraPath, build_camera, hold_before_cuts
from .enclosing import find_enclosing
from .footage import Footage, add_footage, read_nominal_fps
from .import_options import ImportOptions
from .person import add_person
from .takes import find_people, mark_take, remove_objects
from .view_framing import frame_people


@dataclass(frozen=True)
class ImportReport:
    """The names of what an import made, its first and last scene frame, warnings for the user, and the names of objects of the
    scene in which the people stand at first."""
    collection: str
    armatures: tuple[str, ...]
    camera: str | None
    first_frame: float
    last_frame: float
    warnings: tuple[str, ...]
    person_ids: tuple[int, ...]
    enclosing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        people = "1 person" if len(self.armatures) == 1 else f"{len(self.armatures)} people"
        camera = " and the camera" if self.camera else ""
        return f"{people}{camera} in “{self.collection}”, frames {self.first_frame:.0f} to {self.last_frame:.0f}"


def import_capture(scene: bpy.types.Scene, path: Path, options: ImportOptions, person_ids: Container[int] | None = None,
                   view_layer: bpy.types.ViewLayer | None = None) -> ImportReport:
    """Import a motion file, or a capture's folder (some of its people, or all), into a new collection of the scene.

    In the view layer, if one is given, the armatures become the selected objects, the best of them the active one, and the 3D
    views move to the people.
    Raises MotionFileError where no motion can be read. People whose motion cannot be read are left out and named in the
    warnings. If the import fails, everything that it added is removed.
    """
    capture = open_capture(path)
    options = _use_video_rate(options, capture)
    read = _prepare(read_motions(capture, person_ids, options.rows), options)
    collection = bpy.data.collections.new(capture.name)
    with _restore_on_failure(scene.render), _remove_on_failure(collection):
        _set_scene(scene, options, read)
        fps, units_per_metre = scene_rate(scene), 1 / metres_per_unit(scene)
        frames = [compute_scene_frames(motion.timestamps, read.origin_seconds, options.start_frame, fps)
                  for _, motion in read.motions]
        armatures = [add_person(collection, capture, person, motion, times, fps, units_per_metre, options)
                     for (person, motion), times in zip(read.motions, frames, strict=True)]
        camera, warnings = _add_camera(scene, collection, capture, read, frames, options)
        scene.collection.children.link(collection)
        best_first = find_people(collection)
        person_ids = tuple(person.person_id for person, _ in read.motions)
        mark_take(collection, capture, person_ids[armatures.index(best_first[0])], max(
            float(motion.timestamps[-1] - motion.timestamps[0]) for _, motion in read.motions))
    if camera and scene.camera is None:
        scene.camera = camera
    paths = [motion.trans + motion.rest_joints[0] for _, motion in read.motions]
    enclosing = []
    if view_layer is not None:
        enclosing = find_enclosing(view_layer, [path[0] * units_per_metre for path in paths])
        select_only(view_layer, best_first)
        frame_people(scene, paths, max(compute_stature(motion.rest_joints) for _, motion in read.motions), units_per_metre)
    first, last = min(times[0] for times in frames), max(times[-1] for times in frames)
    begins, ends = zip(*map(find_shown_frames, frames), strict=True)
    if options.extend_scene_range:
        scene.frame_start, scene.frame_end = min(scene.frame_start, *begins), max(scene.frame_end, *ends)
    return ImportReport(
        collection=collection.name, armatures=tuple(armature.name for armature in armatures),
        camera=camera.name if camera else None, first_frame=float(first), last_frame=float(last),
        warnings=(*read.failures, *read.notes, *warnings, *_find_empty_frame(scene, armatures, min(begins), max(ends))),
        person_ids=person_ids, enclosing=tuple(thing.name for thing in enclosing))


def _use_video_rate(options: ImportOptions, capture: Capture) -> ImportOptions:
    """Return the options with the rate of the video that was chosen for a file of another program, where Blender can read it."""
    if not options.source_video or capture.listing.video:
        return options
    try:
        return replace(options, source_fps=read_nominal_fps(Path(options.source_video)))
    except RuntimeError:
        return options      # it is told later why there is no background


def _prepare(read: ReadMotions, options: ImportOptions) -> ReadMotions:
    """Return the motions with relaxed hands, if chosen, and without the landmarks, which an import does not need."""
    motions = ((person, replace(motion, keypoints2d=None)) for person, motion in read.motions)
    return replace(read, motions=tuple((person, curl_hands(motion) if options.relax_hands else motion)
                                       for person, motion in motions))


def _find_empty_frame(scene: bpy.types.Scene, armatures: list[bpy.types.Object], first: int, last: int) -> list[str]:
    """Return a warning where keys hide everybody at the scene's present frame."""
    frame = scene.frame_current
    if first <= frame <= last or not any(map(has_keyed_visibility, armatures)):
        return []
    return [f"Nobody is shown at frame {frame}: go to frames {first} to {last}."]


def _set_scene(scene: bpy.types.Scene, options: ImportOptions, read: ReadMotions) -> None:
    """Change the scene's rate and resolution if the options ask for it."""
    motion = read.motions[0][1]
    if options.set_scene_fps:
        scene.render.fps, scene.render.fps_base = split_frame_rate(motion.mocap_framerate)
    if options.match_resolution and motion.image_size is not None:
        scene.render.resolution_x, scene.render.resolution_y = (int(side) for side in motion.image_size)
        scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0


def _add_camera(scene: bpy.types.Scene, collection: bpy.types.Collection, capture: Capture, read: ReadMotions,
                frames: list[np.ndarray], options: ImportOptions) -> tuple[bpy.types.Object | None, list[str]]:
    """Add the video's camera with the footage, if chosen and if the files hold a camera; return it, and warnings."""
    path = _join_camera_paths(read, frames) if options.with_camera else None
    if path is None:
        return None, []
    render = scene.render
    aspect = (render.resolution_x * render.pixel_aspect_x) / (render.resolution_y * render.pixel_aspect_y)
    camera_object = build_camera(collection, f"{capture.name} camera", path, aspect, 1 / metres_per_unit(scene))
    if camera_object.animation_data is not None:
        store_rate(camera_object.animation_data.action, scene_rate(scene))
    clock = SceneClock(options.start_frame, read.origin_seconds, scene_rate(scene))
    motion = read.motions[0][1]
    # Results of other systems do not say which video they were made of.
    video = Path(capture.listing.video or options.source_video or ("" if capture.result else motion.source))
    warnings = _add_footage(camera_object.data, video, path.image_size, read.picture_times, clock,
                            capture.listing.fps or motion.mocap_framerate)
    for number, view in enumerate(capture.listing.views[1:], start=2):
        warnings += _add_view(collection, f"{capture.name} camera {number}", view, aspect, clock, 1 / metres_per_unit(scene))
    return camera_object, warnings


def _add_view(collection: bpy.types.Collection, name: str, view: ListedView, aspect: float, clock: SceneClock,
              units_per_metre: float) -> list[str]:
    """Add the camera of another view of a capture, with its footage in step; return warnings."""
    path = _find_camera_path(view, clock)
    camera = build_camera(collection, name, path, aspect, units_per_metre)
    if camera.animation_data is not None:
        store_rate(camera.animation_data.action, clock.fps)
    there = replace(clock, origin_seconds=clock.origin_seconds + view.offset_seconds / view.clock_rate)
    return _add_footage(camera.data, Path(view.video), path.image_size, _find_picture_times(view), there, view.fps,
                        view.clock_rate)


def _find_camera_path(view: ListedView, clock: SceneClock) -> CameraPath:
    """Return the path of another view's camera in the scene's frames."""
    matrices, frames = np.reshape(view.world_from_cam, (1, 4, 4)), np.array([clock.start_frame])
    if view.turn_seconds:
        turns = rotmat_from_rotvec(np.reshape(view.turn_vectors, (-1, 3)))
        matrices = np.repeat(matrices, len(turns), axis=0)
        if view.turn_places:
            matrices[:, :3, 3] += np.reshape(view.turn_places, (-1, 3)) @ matrices[0, :3, :3].T
        matrices[:, :3, :3] = matrices[:, :3, :3] @ turns
        frames = clock.start_frame + (np.array(view.turn_seconds) - clock.origin_seconds) * clock.fps
    return CameraPath(np.reshape(view.camera_matrix, (3, 3)), np.array(view.image_size), matrices, frames)


def _find_picture_times(view: ListedView) -> np.ndarray:
    """Return the seconds (N,) at which a view's pictures begin, as far as known."""
    if not view.picture_numbers:
        return np.zeros(1)
    first, last = view.picture_numbers[0], view.picture_numbers[-1]
    return np.interp(np.arange(first, last + 1), view.picture_numbers, view.picture_seconds)


def _join_camera_paths(read: ReadMotions, frames: list[np.ndarray]) -> CameraPath | None:
    """Return the common camera over the frames of all people, None where no file holds a camera."""
    paths = [CameraPath(motion.camera_matrix, motion.image_size, motion.world_from_cam, times)
             for (_, motion), times in zip(read.motions, frames, strict=True)
             if motion.camera_matrix is not None and motion.image_size is not None and motion.world_from_cam is not None]
    if not paths:
        return None
    moving = [path for path in paths if len(path.world_from_cam) > 1]
    if not moving:
        return replace(paths[0], frames=paths[0].frames[:1])
    times, chosen = np.unique(np.concatenate([path.frames for path in moving]), return_index=True)
    poses = np.concatenate([path.world_from_cam for path in moving])[chosen]
    return hold_before_cuts(replace(paths[0], world_from_cam=poses, frames=times))


def _add_footage(camera: bpy.types.Camera, path: Path, image_size: np.ndarray, picture_times: np.ndarray, clock: SceneClock,
                 fps: float, clock_rate: float = 1.0) -> list[str]:
    """Show a video behind the scene in a camera's view, if it is there; return warnings."""
    try:
        sequence = find_sequence(path) if path.is_absolute() else None
    except SequenceError as error:
        return [f"The camera has no background: {error}"]
    if sequence is None and not (path.is_absolute() and os.path.isfile(path)):  # Path.is_file raises for impossible names
        return [f"The footage {path.name} was not found: the camera has no background."] if path.name else []
    width, height = (int(side) for side in image_size)
    footage = Footage(path, (width, height), picture_times, clock, sequence, fps, clock_rate)
    try:
        image = add_footage(camera, footage)
    except RuntimeError as error:
        return [f"Blender cannot show the footage {path.name}: {error}"]
    if _is_turned(image, image_size):
        return [f"Blender shows {path.name} without its rotation: the footage does not match the motion."]
    return []


def _is_turned(image: bpy.types.Image, image_size: np.ndarray) -> bool:
    """Tell whether Blender shows an upright video in landscape format, or the reverse (rotation tags of phones)."""
    width, height = image.size
    captured_width, captured_height = (int(side) for side in image_size)
    return (width > height and captured_width < captured_height) or (width < height and captured_width > captured_height)


@contextmanager
def _restore_on_failure(render: bpy.types.RenderSettings) -> Iterator[None]:
    """Restore the scene's rate and resolution if the import fails."""
    names = ("fps", "fps_base", "resolution_x", "resolution_y", "pixel_aspect_x", "pixel_aspect_y")
    before = {name: getattr(render, name) for name in names}
    try:
        yield
    except BaseException:
        for name, value in before.items():
            setattr(render, name, value)
        raise


@contextmanager
def _remove_on_failure(collection: bpy.types.Collection) -> Iterator[None]:
    """Remove the collection and everything in it if the import fails."""
    try:
        yield
    except BaseException:
        remove_objects(collection.objects[:])
        bpy.data.collections.remove(collection)
        raise
