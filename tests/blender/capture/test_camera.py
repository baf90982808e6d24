import struct

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.motion_samples import IMAGE_SIZE, camera_poses, random_motion, write_capture


def _expected_pixels(motion, points: np.ndarray, frame: int) -> np.ndarray:
    """Return where the video's camera sees world points (N, 3), in its pixels (N, 2)."""
    world_from_cam = motion.world_from_cam[min(frame, len(motion.world_from_cam) - 1)]
    in_camera = (points - world_from_cam[:3, 3]) @ world_from_cam[:3, :3]
    projected = in_camera @ motion.camera_matrix.T
    return projected[:, :2] / projected[:, 2:]


def _seen_pixels(scene, camera, points: np.ndarray) -> np.ndarray:
    """Return where Blender's camera sees the points, in pixels of footage that lies whole inside the render frame."""
    width, height = IMAGE_SIZE
    frame_aspect = scene.render.resolution_x / scene.render.resolution_y
    seen = np.array([world_to_camera_view(scene, camera, point)[:2] for point in map(Vector, points)])
    if width / height >= frame_aspect:
        pixels_of_frame = np.array((width, width / frame_aspect))
    else:
        pixels_of_frame = np.array((height * frame_aspect, height))
    centred = (seen - 0.5) * pixels_of_frame
    return centred * (1, -1) + (width / 2, height / 2)


@pytest.mark.parametrize("resolution", [(1920, 1080), (1000, 1000), (1080, 1920), (2000, 500)])
@pytest.mark.parametrize("camera_frames", [1, 12])
def test_bone_heads_lie_over_the_video_in_the_camera_view(tmp_path, empty_scene, resolution, camera_frames):
    empty_scene.render.resolution_x, empty_scene.render.resolution_y = resolution
    motion = random_motion(12, camera_frames=camera_frames)
    write_motion(tmp_path / "walk.npz", motion)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    camera, armature = bpy.data.objects["walk camera"], bpy.data.objects["walk"]
    worst = 0.0
    for frame in range(12):
        empty_scene.frame_set(1 + frame)
        heads = np.array([armature.matrix_world @ bone.head for bone in armature.pose.bones])
        seen = _seen_pixels(empty_scene, camera, heads)
        worst = max(worst, np.abs(seen - _expected_pixels(motion, heads, frame)).max())
    print(f"camera view against the camera matrix: {worst:.5f} px at worst, {resolution}, Blender {bpy.app.version_string}")
    assert worst < 0.1
    assert empty_scene.camera == camera
    assert (empty_scene.render.resolution_x, empty_scene.render.resolution_y) == resolution


def test_a_still_camera_has_no_keys_and_the_option_leaves_it_out(tmp_path):
    write_motion(tmp_path / "walk.npz", random_motion(5))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    assert not bpy.data.cameras
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    (camera,) = [thing for thing in bpy.data.objects if thing.type == "CAMERA"]
    assert camera.animation_data is None


def test_the_camera_moves_while_anybody_is_seen(tmp_path, empty_scene):
    poses = camera_poses(20)
    people = [random_motion(10, world_from_cam=poses[:10]),
              random_motion(10, seed=1, world_from_cam=poses[10:], timestamps=np.arange(10, 20) / 30)]
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", people)))
    empty_scene.frame_set(15)
    np.testing.assert_allclose(empty_scene.camera.matrix_world.translation, poses[14, :3, 3], atol=1e-5)


def test_the_view_of_a_shot_holds_until_the_next_one_begins(tmp_path, empty_scene):
    poses, elsewhere = np.split(camera_poses(20), 2)
    elsewhere[:, :3, 3] += (0.0, 3.0, 1.0)
    people = [random_motion(10, world_from_cam=poses),
              random_motion(10, seed=1, world_from_cam=elsewhere, timestamps=np.arange(10, 20) / 30)]
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", people)))
    for frame, place in ((9.5, (poses[8:10, :3, 3]).mean(0)), (10.0, poses[9, :3, 3]), (10.5, poses[9, :3, 3]),
                         (10.98, poses[9, :3, 3]), (11.0, elsewhere[0, :3, 3])):
        empty_scene.frame_set(int(frame), subframe=frame % 1)
        np.testing.assert_allclose(empty_scene.camera.matrix_world.translation, place, atol=1e-4, err_msg=str(frame))


def test_the_keys_of_a_cut_rise_however_near_the_pictures_are(extension):
    camera = extension("scene.capture.camera")
    poses = camera_poses(4)
    poses[2:, :3, 3] += (0.0, 3.0, 1.0)
    for step in (1.0, 0.004):
        path = camera.CameraPath(np.eye(3), np.array(IMAGE_SIZE), poses, 1 + step * np.arange(4))
        held = camera.hold_before_cuts(path)
        assert len(held.frames) == len(held.world_from_cam) == 5 and (np.diff(held.frames) > 0).all()
        np.testing.assert_array_equal(held.world_from_cam[[1, 2]], poses[[1, 1]])


def test_the_render_resolution_changes_only_when_asked(tmp_path, empty_scene):
    write_motion(tmp_path / "walk.npz", random_motion(5))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), match_resolution=True)
    assert (empty_scene.render.resolution_x, empty_scene.render.resolution_y) == IMAGE_SIZE


@pytest.mark.parametrize("fps, start_seconds", [(30, 0.0), (24, 0.0), (60, 1.0), (25, 0.4)])
def test_footage_runs_in_step_with_the_motion(tmp_path, empty_scene, fps, start_seconds):
    empty_scene.render.fps = fps
    video = _write_video(tmp_path / "clip.avi", frame_count=90)
    motion = random_motion(30, timestamps=start_seconds + np.arange(30) / 30)
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", [motion], video=str(video))))
    assert bpy.context.window_manager.mpsnet.warning == ""
    for frame in range(1, 1 + fps):
        empty_scene.frame_set(frame)
        camera = empty_scene.camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        user = camera.background_images[0].image_user
        shown = frame - user.frame_start + user.frame_offset
        assert abs(shown - (start_seconds + (frame - 1) / fps) * 30) <= 0.5 + 1e-4
        assert frame - user.frame_start + 1 <= user.frame_duration


def test_one_file_with_the_camera_is_enough(tmp_path, empty_scene):
    without = random_motion(5, camera_matrix=None, image_size=None, world_from_cam=None)
    video = _write_video(tmp_path / "clip.avi", frame_count=5)
    folder = write_capture(tmp_path / "capture", [without, random_motion(5, seed=1)], video=str(video))
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    np.testing.assert_allclose(empty_scene.camera.matrix_world.translation, camera_poses(1)[0, :3, 3], atol=1e-5)
    assert len(empty_scene.camera.data.background_images) == 1


def test_missing_footage_is_reported_and_breaks_nothing(tmp_path):
    folder = write_capture(tmp_path / "capture", [random_motion(5)], video=str(tmp_path / "gone.mp4"))
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    assert "gone.mp4" in bpy.context.window_manager.mpsnet.warning
    assert bpy.data.cameras[0].background_images.values() == []


def _write_video(path, frame_count: int):
    """Write a tiny uncompressed AVI of 30 frames a second."""
    width, height = 16, 16
    frame = b"\x40" * (width * height * 3)

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)

    main = struct.pack("<14I", 33333, 0, 0, 0x10, frame_count, 0, 1, len(frame), width, height, 0, 0, 0, 0)
    stream = b"vidsDIB " + struct.pack("<3I", 0, 0, 0) + struct.pack("<6I", 1, 30, 0, frame_count, len(frame), 0) + bytes(12)
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(frame), 0, 0, 0, 0)
    headers = chunk(b"LIST", b"hdrl" + chunk(b"avih", main)
                    + chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", bitmap)))
    frames = chunk(b"LIST", b"movi" + chunk(b"00db", frame) * frame_count)
    path.write_bytes(chunk(b"RIFF", b"AVI " + headers + frames))
    return path
