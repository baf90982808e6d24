"""A camera that matches the video's camera, and cuts between several: markers, as Blender switches cameras."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from mathutils import Matrix

from ...motion.base.camera_fit import fit_camera
from ...motion.base.coordinates import blender_camera_matrix
from ...motion.base.rotations import continuous_quat, quat_from_rotmat
from ..base.action import Channel, write_action

_CAMERA_BEFORE = "mpsnet_camera_before_cuts"    # property of a scene
# From one picture to the next a camera that is whipped round (130 degrees a second) or carried turns and moves by less, from ten
# pictures a second on: what does more is another shot's. Frames before its first one that the last shot's view holds.
_CUT_TURN, _CUT_METRES, _BEFORE_CUT = np.radians(15), 0.5, 0.01


@dataclass(frozen=True)
class CameraPath:
    """The video's camera: `camera_matrix` (3, 3) px, `image_size` (width, height) px, `world_from_cam` (T, 4, 4) in metres at
    scene frames (T,); T is 1 for a camera that does not move."""
    camera_matrix: np.ndarray
    image_size: np.ndarray
    world_from_cam: np.ndarray
    frames: np.ndarray


def hold_before_cuts(path: CameraPath) -> CameraPath:
    """Return a path (T > 1) with a key more before each jump: the view of a shot holds until the next one begins."""
    before, after = path.world_from_cam[:-1], path.world_from_cam[1:]
    cosine = ((before[:, :3, :3] * after[:, :3, :3]).sum((1, 2)) - 1) / 2
    moved = np.linalg.norm(after[:, :3, 3] - before[:, :3, 3], axis=1)
    cuts = np.flatnonzero((cosine < np.cos(_CUT_TURN)) | (moved > _CUT_METRES)) + 1
    held = path.frames[cuts] - np.minimum(_BEFORE_CUT, np.diff(path.frames)[cuts - 1] / 2)      # keys must rise
    return replace(path, world_from_cam=np.insert(path.world_from_cam, cuts, path.world_from_cam[cuts - 1], axis=0),
                   frames=np.insert(path.frames, cuts, held))


def build_camera(collection: bpy.types.Collection, name: str, path: CameraPath, frame_aspect: float,
                 units_per_metre: float) -> bpy.types.Object:
    """Return a new camera object in the collection with the view of the video, for a render frame of `frame_aspect`.

    `frame_aspect` is width over height. The scene's resolution does not change: a video of another aspect lies completely inside
    the render frame.
    """
    camera = bpy.data.cameras.new(name)
    fit = fit_camera(path.camera_matrix, path.image_size, frame_aspect)
    camera.sensor_fit = fit.sensor_fit
    camera.sensor_width, camera.sensor_height = fit.sensor_width, fit.sensor_height
    camera.lens, camera.shift_x, camera.shift_y = fit.lens, fit.shift_x, fit.shift_y
    for name_of_length in ("clip_start", "clip_end", "display_size"):
        setattr(camera, name_of_length, units_per_metre * getattr(camera, name_of_length))
    camera_object = bpy.data.objects.new(name, camera)
    collection.objects.link(camera_object)
    camera_object.rotation_mode = "QUATERNION"
    matrices = blender_camera_matrix(path.world_from_cam)
    matrices[:, :3, 3] *= units_per_metre
    camera_object.matrix_world = Matrix(matrices[0])
    if len(matrices) > 1:
        quats = continuous_quat(quat_from_rotmat(matrices[:, :3, :3]))
        write_action(camera_object, name, [Channel("location", path.frames, matrices[:, :3, 3], "Camera"),
                                           Channel("rotation_quaternion", path.frames, quats, "Camera")])
    return camera_object


def cut_to_camera(scene: bpy.types.Scene, cameras: Collection[bpy.types.Object], camera: bpy.types.Object) -> None:
    """Show the scene by one of a take's cameras from its present frame on, until the next cut.

    Where nothing was cut before, the frames before it show the take too, by the camera that showed it or the first one. A cut in
    this frame is replaced. A camera of the user's that showed the scene comes back when the cuts are removed.
    """
    frame = scene.frame_current
    if scene.camera is not None and scene.camera not in cameras:
        scene[_CAMERA_BEFORE] = scene.camera
    bound = [marker for marker in scene.timeline_markers if marker.camera is not None]
    if frame > scene.frame_start and all(marker.frame > frame for marker in bound):
        _bind(scene, scene.frame_start, scene.camera if scene.camera in cameras else next(iter(cameras)))
    for marker in bound:
        if marker.frame == frame:
            scene.timeline_markers.remove(marker)
    _bind(scene, frame, camera)
    scene.camera = camera       # Blender follows markers when the frame changes


def move_cuts(scene: bpy.types.Scene, before: Sequence[bpy.types.Object], cameras: Sequence[bpy.types.Object]) -> None:
    """Let a scene that is cut between cameras show those of another take, each in the place of the one of the same number."""
    others = dict(zip(before, cameras, strict=False))
    for marker in scene.timeline_markers:
        marker.camera = others.get(marker.camera, marker.camera)
    scene.camera = others.get(scene.camera, scene.camera)


def remove_cuts(cameras: Collection[bpy.types.Object]) -> None:
    """Remove all markers, in all scenes, that are bound to one of the cameras; the one from before the cuts shows the scene."""
    for scene in bpy.data.scenes:
        for marker in [marker for marker in scene.timeline_markers if marker.camera in cameras]:
            scene.timeline_markers.remove(marker)
        if scene.camera in cameras and _CAMERA_BEFORE in scene:
            scene.camera = scene.pop(_CAMERA_BEFORE)


def _bind(scene: bpy.types.Scene, frame: int, camera: bpy.types.Object) -> None:
    scene.timeline_markers.new(camera.name, frame=frame).camera = camera
