"""A camera that stands where the video's did, with the footage behind the scene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ...motion.base.camera_fit import camera_fit
from ...motion.base.coordinates import blender_camera_matrix
from ...motion.base.rotations import continuous_quat, quat_from_rotmat
from ...motion.base.timing import footage_frame_offset
from ..base.action import Channel, write_action


@dataclass(frozen=True)
class CameraPath:
    """The video's camera: `camera_matrix` (3, 3) px, `image_size` width, height px, `world_from_cam` (T, 4, 4) at scene
    frames (T,); one pose where it stood still."""
    camera_matrix: np.ndarray
    image_size: np.ndarray
    world_from_cam: np.ndarray
    frames: np.ndarray


@dataclass(frozen=True)
class Footage:
    """The source video: its file, frames a second, and the scene frame at which its `origin_seconds` plays."""
    path: Path
    fps: float
    start_frame: int
    origin_seconds: float
    scene_fps: float


def build_camera(collection: bpy.types.Collection, name: str, path: CameraPath, frame_aspect: float) -> bpy.types.Object:
    """Return a new camera object in the collection that sees the world as the video does.

    It fits a render frame of `frame_aspect` (width over height). The scene's resolution stays as it is: where the video
    has another shape, its picture lies whole inside the frame, and the camera's field of view with it.
    """
    camera = bpy.data.cameras.new(name)
    fit = camera_fit(path.camera_matrix, path.image_size, frame_aspect)
    camera.sensor_fit = fit.sensor_fit
    camera.sensor_width, camera.sensor_height = fit.sensor_width, fit.sensor_height
    camera.lens, camera.shift_x, camera.shift_y = fit.lens, fit.shift_x, fit.shift_y
    camera_object = bpy.data.objects.new(name, camera)
    collection.objects.link(camera_object)
    camera_object.rotation_mode = "QUATERNION"
    matrices = blender_camera_matrix(path.world_from_cam)
    camera_object.matrix_world = Matrix(matrices[0])
    if len(matrices) > 1:
        quats = continuous_quat(quat_from_rotmat(matrices[:, :3, :3]))
        write_action(camera_object, name, [Channel("location", path.frames, matrices[:, :3, 3], "Camera"),
                                           Channel("rotation_quaternion", path.frames, quats, "Camera")])
    return camera_object


def add_footage(camera: bpy.types.Camera, footage: Footage) -> bpy.types.Image:
    """Show the video behind the scene in the camera's view, in step with the motion. Raises RuntimeError where Blender
    cannot open it.

    Blender's background plays one video frame a scene frame; where the rates differ, a driver on the frame offset
    keeps the video's own speed. An image serves, because a movie clip's user has no offset to drive.
    """
    image = bpy.data.images.load(str(footage.path), check_existing=True)
    background = camera.background_images.new()
    background.image = image
    background.alpha = 1.0
    background.display_depth = "BACK"
    background.frame_method = "FIT"
    user = background.image_user
    user.frame_start = footage.start_frame
    user.use_auto_refresh = True
    user.frame_duration = max(1, int(np.ceil(image.frame_duration * max(1.0, footage.scene_fps / footage.fps))))
    offset = footage_frame_offset(footage.fps, footage.scene_fps, footage.start_frame, footage.origin_seconds)
    if isinstance(offset, int):
        user.frame_offset = offset
    else:
        camera.driver_add("background_images[0].image_user.frame_offset").driver.expression = offset
    camera.show_background_images = True
    return image
