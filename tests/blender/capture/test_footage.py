"""The picture that the camera's background shows at every frame of the scene, compared with the motion's time there."""

import pickle
from dataclasses import replace

import bpy
import numpy as np
import pytest
from mathutils import Vector

from mpsnet_blender.motion.base.footage_timing import thin_picture_times
from mpsnet_blender.scene.base.scene_rate import read_rate
from mpsnet_blender.shared.capture_listing import PEOPLE_FILE, ListedView, read_listing, write_listing
from tests.blender.coded_clip import CLIP, TIMES, numbers_shown
from tests.blender.motion_samples import random_motion, write_capture

# Two pictures of 4 x 4 px, lossless: header with the flag of animations, and for each picture its place, duration and data.
ANIMATED_WEBP = bytes.fromhex(
    "524946468800000057454250565038580a00000002000000030000030000414e494d06000000000000000000414e4d462a000000000000"
    "000000030000030000280000025650384c110000002f03c00000075099ca54a6ff8188e87f0000414e4d462a0000000000000000000300"
    "00030000280000005650384c110000002f03c000000750e42217b9ff8188e87f0000")


def _movie_counts(scene, frames) -> list[int]:
    """Return the movie frames that the evaluated background asks for: Blender's BKE_image_user_frame_get, from 0 on."""
    counts = []
    for frame in frames:
        scene.frame_set(frame)
        camera = scene.camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        user = camera.background_images[0].image_user
        counts.append(min(max(frame - user.frame_start + 1, 0), user.frame_duration) + user.frame_offset - 1)
    return counts


@pytest.mark.parametrize("first_picture", [0, 20])
@pytest.mark.parametrize("fps", [30, 24, 60])
def test_every_frame_shows_the_picture_nearest_to_the_motions_time(tmp_path, empty_scene, fps, first_picture):
    empty_scene.render.fps = fps
    times = TIMES[first_picture:]
    motion = random_motion(len(times), timestamps=times, frame_index=np.arange(first_picture, len(TIMES)))
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))
    assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
    assert bpy.context.window_manager.mpsnet.warning == ""
    frames = np.arange(1, 1 + int((times[-1] - times[0]) * fps))
    shown = numbers_shown(_movie_counts(empty_scene, frames), tmp_path)
    seconds = times[0] + (frames - 1) / fps
    nearest = np.abs(TIMES[None] - seconds[:, None]).min(axis=1)
    lost = np.abs(TIMES[shown] - seconds) - nearest
    print(f"shown against the nearest picture: {lost.max() * 1000:.2f} ms worse at worst, {fps} a second, "
          f"Blender {bpy.app.version_string}")
    assert lost.max() < 1e-3


def test_the_video_before_the_first_person_plays_before_the_start_frame(tmp_path, empty_scene):
    motion = random_motion(20, timestamps=TIMES[30:50], frame_index=np.arange(30, 50))
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))
    bpy.ops.mpsnet.import_motion(filepath=str(folder), start_frame=101)
    frame = 101 - round((TIMES[30] - TIMES[9]) * 30)
    assert numbers_shown(_movie_counts(empty_scene, [frame]), tmp_path) == [9]


def test_a_failing_import_leaves_no_keys_of_the_footage(tmp_path, empty_scene, extension, monkeypatch):
    capture_import = extension("scene.capture.capture_import")
    motion = random_motion(len(TIMES), timestamps=TIMES)
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))

    def fail(*_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(capture_import, "_is_turned", fail)
    with pytest.raises(ZeroDivisionError):
        capture_import.import_capture(empty_scene, folder, capture_import.ImportOptions())
    assert not bpy.data.actions and not bpy.data.cameras and not bpy.data.movieclips


@pytest.mark.parametrize(("image_size", "aspect"), [((48, 32), 1.0), ((96, 32), 2.0), ((48, 54), 1.0), ((48, 40), 0.8)])
def test_a_video_with_pixels_that_are_not_square_is_shown_in_the_captured_proportions(tmp_path, empty_scene, image_size, aspect):
    users = bpy.data.images.load(str(CLIP))
    users.use_fake_user = True
    motion = random_motion(len(TIMES), timestamps=TIMES, image_size=np.array(image_size))
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    shown = empty_scene.camera.data.background_images[0].image
    assert shown.display_aspect[0] / shown.display_aspect[1] == pytest.approx(aspect)
    assert tuple(users.display_aspect) == (1.0, 1.0)


def write_pictures(folder, count, first):
    folder.mkdir()
    image = bpy.data.images.new("picture", 48, 32)
    image.file_format = "PNG"
    for number in range(first, first + count):
        image.save(filepath=str(folder / f"shot_{number:03d}.png"))
    bpy.data.images.remove(image)
    return folder


@pytest.mark.parametrize("first_number", [0, 1, 101])
@pytest.mark.parametrize("fps", [30, 24, 60])
def test_numbered_pictures_are_shown_in_step_with_the_motion(tmp_path, empty_scene, fps, first_number):
    empty_scene.render.fps = fps
    pictures = write_pictures(tmp_path / "shots", 30, first_number)
    motion = random_motion(20, timestamps=np.arange(10, 30) / 30, frame_index=np.arange(10, 30), image_size=np.array((48, 32)))
    folder = write_capture(tmp_path / "capture", [motion], video=str(pictures / "shot_###.png"))
    assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
    assert bpy.context.window_manager.mpsnet.warning == ""
    background = empty_scene.camera.data.background_images[0]
    assert background.image.source == "SEQUENCE"
    frames = np.arange(1, 1 + round(19 / 30 * fps))
    numbers = np.array(_movie_counts(empty_scene, frames)) + 1
    wanted = first_number + 10 + (frames - 1) * 30 / fps
    assert np.abs(numbers - wanted).max() <= 0.5 + 1e-6


def test_no_picture_beyond_the_last_is_asked_for(tmp_path, empty_scene):
    pictures = write_pictures(tmp_path / "shots", 10, 1)
    motion = random_motion(10, timestamps=np.arange(10) / 30, frame_index=np.arange(10), image_size=np.array((48, 32)))
    folder = write_capture(tmp_path / "capture", [motion], video=str(pictures))
    for fps in (30, 24, 60):
        empty_scene.render.fps = fps
        bpy.ops.mpsnet.import_motion(filepath=str(folder))
        assert max(_movie_counts(empty_scene, range(1, 200))) + 1 == 10


def test_a_video_that_blender_takes_for_a_picture_is_told_and_the_motion_is_imported(tmp_path, empty_scene):
    folder = write_capture(tmp_path / "capture", [random_motion(5)], video=str(tmp_path / "loop.webp"))
    (tmp_path / "loop.webp").write_bytes(ANIMATED_WEBP)
    assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
    assert "Blender cannot show the footage loop.webp: it reads this file as a single picture" in (
        bpy.context.window_manager.mpsnet.warning)
    assert not bpy.data.images and not empty_scene.camera.data.background_images


def test_missing_pictures_are_told_and_the_motion_is_imported(tmp_path, empty_scene):
    pictures = write_pictures(tmp_path / "shots", 10, 1)
    (pictures / "shot_004.png").unlink()
    folder = write_capture(tmp_path / "capture", [random_motion(5)], video=str(pictures))
    assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
    assert "numbers are missing: 4." in bpy.context.window_manager.mpsnet.warning


def test_each_view_has_a_camera_whose_footage_is_in_step(tmp_path, empty_scene):
    motion = random_motion(20, timestamps=TIMES[5:25], frame_index=np.arange(5, 25))
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))
    listing = read_listing(folder / PEOPLE_FILE)
    pose = np.array(((0.0, 0, -1, 3), (1, 0, 0, 0), (0, -1, 0, 1.5), (0, 0, 0, 1)))     # looks along -x, from 3 m away
    view = ListedView(str(CLIP), 30.0, listing.image_size, 0.5, tuple(motion.camera_matrix.ravel()), tuple(pose.ravel()))
    write_listing(folder / PEOPLE_FILE, replace(listing, views=(replace(view, offset_seconds=0.0), view)))
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    first, other = (thing for thing in empty_scene.objects if thing.type == "CAMERA")
    assert empty_scene.camera == first and other.name == "coded_clip camera 2"
    np.testing.assert_allclose(other.matrix_world.translation, (3, 0, 1.5), atol=1e-6)
    np.testing.assert_allclose(other.matrix_world.to_3x3() @ Vector((0, 0, -1)), (-1, 0, 0), atol=1e-6)
    shown = []
    for empty_scene.camera in (first, other):
        shown += numbers_shown(_movie_counts(empty_scene, [4]), tmp_path)
    assert abs(TIMES[shown[1]] - TIMES[shown[0]] - 0.5) < 1 / 30


@pytest.mark.parametrize("travel", [0.0, 0.8])
def test_the_camera_of_another_view_turns_and_travels_at_the_seconds_that_are_listed(tmp_path, empty_scene, travel):
    folder = write_capture(tmp_path / "capture", [random_motion(50, timestamps=np.arange(50) / 30)], video=str(CLIP))
    places = (0, 0, 0, travel / 2, 0, 0, travel, 0, 0) if travel else ()      # to its right, which is +y
    add_views(folder, turn_seconds=(0.0, 0.5, 1.0), turn_vectors=(0, 0, 0, 0, np.pi / 6, 0, 0, np.pi / 3, 0), turn_places=places)
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    fps = empty_scene.render.fps / empty_scene.render.fps_base
    _, other = (thing for thing in empty_scene.objects if thing.type == "CAMERA")
    for second, degrees in ((0.0, 0), (0.5, 30), (1.0, 60)):
        frame = 1 + second * fps
        empty_scene.frame_set(int(frame), subframe=frame % 1)
        np.testing.assert_allclose(other.matrix_world.translation, (3, travel * second, 1.5), atol=1e-5)
        ahead = (-np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0)       # to its right, which is +y
        np.testing.assert_allclose(other.matrix_world.to_3x3() @ Vector((0, 0, -1)), ahead, atol=1e-3)
    assert read_rate(other.animation_data.action) == pytest.approx(fps)


@pytest.mark.parametrize(("fps", "start_frame"), [(24, 1), (60, 101)])
def test_a_turning_camera_that_begins_before_the_people_is_retimed_with_them(tmp_path, empty_scene, fps, start_frame):
    motion = random_motion(30, timestamps=0.2 + np.arange(30) / 30, frame_index=np.arange(6, 36))
    folder = write_capture(tmp_path / "capture", [motion], video=str(CLIP))
    add_views(folder, turn_seconds=(-0.8, 0.2, 1.2), turn_vectors=(0, 0, 0, 0, np.pi / 6, 0, 0, np.pi / 3, 0))
    bpy.ops.mpsnet.import_motion(filepath=str(folder), start_frame=start_frame)
    _, other = (thing for thing in empty_scene.objects if thing.type == "CAMERA")
    (person,) = (thing for thing in empty_scene.objects if thing.type == "ARMATURE")
    empty_scene.render.fps = fps
    bpy.ops.mpsnet.retime_motion()
    assert person.mpsnet_cleanup.first_frame == start_frame
    for second, degrees in ((-1.0, 0), (0.0, 30), (1.0, 60)):
        empty_scene.frame_set(round(start_frame + second * fps))
        ahead = (-np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0)
        np.testing.assert_allclose(other.matrix_world.to_3x3() @ Vector((0, 0, -1)), ahead, atol=1e-3)


@pytest.mark.parametrize("clock_rate", [1.0, 1.05])
def test_the_footage_of_another_view_with_an_uneven_rate_is_in_step_at_every_frame(tmp_path, empty_scene, clock_rate):
    folder = write_capture(tmp_path / "capture", [random_motion(50, timestamps=np.arange(50) / 30)], video=str(CLIP))
    add_views(folder, offset_seconds=0.3, clock_rate=clock_rate)
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    _, empty_scene.camera = (thing for thing in empty_scene.objects if thing.type == "CAMERA")
    frames = np.arange(1, 50)
    seconds = 0.3 + clock_rate * (frames - 1) / 30
    shown = numbers_shown(_movie_counts(empty_scene, frames), tmp_path)
    nearest = np.abs(TIMES[None] - seconds[:, None]).min(axis=1)
    assert (np.abs(TIMES[shown] - seconds) - nearest).max() < 1.5e-3


def add_views(folder, **changes):
    """List two views of the coded clip in a capture's folder: the camera's own, and one that looks along -x, from 3 m away."""
    listing = read_listing(folder / PEOPLE_FILE)
    pose = np.array(((0.0, 0, -1, 3), (1, 0, 0, 0), (0, -1, 0, 1.5), (0, 0, 0, 1)))
    told = thin_picture_times(np.arange(len(TIMES)), TIMES)
    view = ListedView(str(CLIP), 30.0, (64, 48), 0.0, (50.0, 0, 32, 0, 50, 24, 0, 0, 1), tuple(pose.ravel()),
                      picture_numbers=tuple(told.tolist()), picture_seconds=tuple(TIMES[told].tolist()))
    write_listing(folder / PEOPLE_FILE, replace(listing, views=(view, replace(view, **changes))))


def test_a_result_of_another_system_gets_the_video_that_is_chosen_and_its_rate(tmp_path, empty_scene):
    turns, zeros = np.tile(np.eye(3), (12, 1, 1)), np.zeros((12, 3))
    upright = np.tile((np.pi, 0.0, 0.0), (12, 1))
    body = {"body_pose": np.zeros((12, 63)), "betas": np.zeros((12, 10)), "global_orient": zeros, "transl": zeros}
    camera_body = body | {"global_orient": upright, "transl": zeros + (0, 0, 4)}
    matrix = np.array(((320.0, 0, 160), (0, 320, 120), (0, 0, 1)))
    (tmp_path / "hmr4d_results.pt.pkl").write_bytes(pickle.dumps({
        "smpl_params_global": body, "smpl_params_incam": camera_body, "K_fullimg": matrix * np.ones_like(turns)}))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "hmr4d_results.pt.pkl"), source_video=str(CLIP), timing="SET")
    assert empty_scene.render.fps == 60     # as Blender counts this clip
    (camera,) = (thing for thing in bpy.data.objects if thing.type == "CAMERA")
    assert camera.data.background_images[0].image.filepath == str(CLIP)
    assert (camera.matrix_world.translation.xy.length, camera.matrix_world.translation.y) == pytest.approx((4.0, -4.0), abs=0.03)
