"""A scene whose rate changes after an import: the warning, and the two corrections."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES
from tests.blender.characters import build_rig
from tests.blender.coded_clip import CLIP, TIMES, numbers_shown
from tests.blender.motion_samples import camera_poses, random_motion, write_capture

_SECONDS = TIMES[5:45]


def _imported(tmp_path, **options) -> bpy.types.Object:
    motion = random_motion(40, timestamps=_SECONDS, frame_index=np.arange(5, 45), world_from_cam=camera_poses(40))
    folder = write_capture(tmp_path / "walk", [motion], video=str(CLIP))
    bpy.ops.mpsnet.import_motion(filepath=str(folder), **options)
    (armature_object,) = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    return armature_object


def _heads_at(scene, rig, start_frame: float, rate: float) -> np.ndarray:
    """Return where the joints are at each of the motion's seconds, which may fall between frames."""
    places = []
    for seconds in _SECONDS - _SECONDS[0]:
        whole, part = divmod(start_frame + seconds * rate, 1)
        scene.frame_set(int(whole), subframe=part)
        evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        places.append([evaluated.matrix_world @ evaluated.pose.bones[name].head for name in JOINT_NAMES])
    return np.array(places)


@pytest.fixture
def character_of_24(tmp_path, empty_scene):
    """Return the FBX of a still character, written from a scene of 24 frames a second."""
    rig = build_rig(empty_scene, "Hero", {"hips": ((0, 0, 1), (0, 0, 1.2), None, False)})
    empty_scene.render.fps = 24
    bpy.ops.export_scene.fbx(filepath=str(tmp_path / "hero.fbx"), bake_anim=False)
    bpy.data.batch_remove((rig, rig.data))
    empty_scene.render.fps = 30
    return tmp_path / "hero.fbx"


def _import_character(path, scene) -> None:
    bpy.ops.import_scene.fbx(filepath=str(path))
    assert scene.render.fps == 24  # what this is all about: the importer sets it


def _panel_is_there() -> bool:
    return bpy.types.MPSNET_PT_scene_rate.poll(bpy.context)


def test_a_scene_of_the_captures_rate_has_nothing_to_mend(tmp_path, empty_scene):
    _imported(tmp_path)
    assert not _panel_is_there() and not bpy.ops.mpsnet.retime_motion.poll() and not bpy.ops.mpsnet.set_scene_rate_back.poll()


@pytest.mark.parametrize("start_frame", [1, 51])
def test_retimed_motion_is_at_each_second_where_it_was(tmp_path, empty_scene, character_of_24, start_frame):
    rig = _imported(tmp_path, start_frame=start_frame)
    camera = empty_scene.camera
    before = _heads_at(empty_scene, rig, start_frame, 30)
    _import_character(character_of_24, empty_scene)
    assert _panel_is_there()
    assert bpy.ops.mpsnet.retime_motion() == {"FINISHED"}
    assert not _panel_is_there()
    after = _heads_at(empty_scene, rig, start_frame, 24)
    print(f"retimed: {np.abs(after - before).max() * 1000:.4f} mm at worst, Blender {bpy.app.version_string}")
    assert np.abs(after - before).max() < 1e-3
    empty_scene.frame_set(start_frame + 24)
    place = np.array([np.interp(_SECONDS[0] + 1, _SECONDS, axis) for axis in camera_poses(40)[:, :3, 3].T])
    np.testing.assert_allclose(camera.matrix_world.translation, place, atol=1e-4)


def test_retimed_footage_keeps_in_step(tmp_path, empty_scene, character_of_24):
    _imported(tmp_path)
    _import_character(character_of_24, empty_scene)
    bpy.ops.mpsnet.retime_motion()
    counts, frames = [], np.arange(1, 20)
    for frame in frames:
        empty_scene.frame_set(frame)
        user = empty_scene.camera.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.background_images[0].image_user
        counts.append(frame - user.frame_start + user.frame_offset)
    seconds = _SECONDS[0] + (frames - 1) / 24
    lost = np.abs(TIMES[numbers_shown(counts, tmp_path)] - seconds) - np.abs(TIMES - seconds[:, None]).min(axis=1)
    assert lost.max() < 1e-3


def test_a_clean_up_after_retiming_keys_at_the_new_rate(tmp_path, empty_scene):
    rig = _imported(tmp_path)
    empty_scene.render.fps = 60
    bpy.ops.mpsnet.retime_motion()
    bpy.ops.mpsnet.clean_motion(armature=rig.name)
    first, last = rig.animation_data.action.frame_range
    # With the frame before the motion, and the one after its last picture, at which the person is hidden.
    ends = 1 + (_SECONDS[-1] - _SECONDS[0] + np.median(np.diff(_SECONDS))) * 60
    assert (first, last) == (0, np.ceil(ends - 1e-3))


def test_a_scene_set_back_has_the_captures_rate(tmp_path, empty_scene):
    empty_scene.render.fps, empty_scene.render.fps_base = 30, 1.001
    _imported(tmp_path)
    empty_scene.render.fps, empty_scene.render.fps_base = 24, 1.0
    assert bpy.ops.mpsnet.set_scene_rate_back() == {"FINISHED"}
    assert empty_scene.render.fps / empty_scene.render.fps_base == pytest.approx(30 / 1.001, abs=1e-5)
    assert not _panel_is_there()


def test_cuts_between_views_are_retimed_and_other_markers_stay(tmp_path, empty_scene):
    _imported(tmp_path)
    mine = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    empty_scene.collection.objects.link(mine)
    theirs = next(thing for thing in empty_scene.objects if thing.type == "CAMERA" and thing is not mine)
    for name, frame, camera in (("first", 1, theirs), ("cut", 16, theirs), ("beat", 16, None), ("my cut", 20, mine)):
        empty_scene.timeline_markers.new(name, frame=frame).camera = camera
    empty_scene.render.fps = 60
    bpy.ops.mpsnet.retime_motion()
    assert {marker.name: marker.frame for marker in empty_scene.timeline_markers} == {
        "first": 1, "cut": 31, "beat": 16, "my cut": 20}


def test_a_strip_in_the_nla_is_retimed_with_its_action(tmp_path, empty_scene):
    rig = _imported(tmp_path)
    before = _heads_at(empty_scene, rig, 1, 30)
    animation = rig.animation_data
    action, slot = animation.action, getattr(animation, "action_slot", None)
    strip = animation.nla_tracks.new().strips.new("walk", 1, action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start, strip.frame_end = action.frame_range
    animation.action = None
    empty_scene.render.fps = 60
    bpy.ops.mpsnet.retime_motion()
    assert strip.scale == pytest.approx(1, abs=1e-5)
    assert np.abs(_heads_at(empty_scene, rig, 1, 60) - before).max() < 1e-3


def test_an_export_at_another_rate_says_so(tmp_path, empty_scene):
    rig = _imported(tmp_path)
    empty_scene.render.fps = 24
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "walk.bvh"), armature=rig.name)
    assert "30 frames a second" in bpy.context.window_manager.mpsnet.warning
    bpy.ops.mpsnet.retime_motion()
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "walk.bvh"), armature=rig.name)
    assert bpy.context.window_manager.mpsnet.warning == ""


def test_retargeted_motion_has_its_sources_rate(tmp_path, empty_scene, extension):
    source = _imported(tmp_path)
    target = source.copy()
    target.data, target.name = source.data.copy(), "target"
    target.animation_data_clear()
    target.mpsnet_cleanup.property_unset("motion")
    empty_scene.collection.objects.link(target)
    empty_scene.render.fps = 24
    bpy.ops.mpsnet.retarget(source=source.name, target="target")
    assert extension("scene.base.scene_rate").read_rate(target.animation_data.action) == 30
    bpy.ops.mpsnet.retime_motion()
    first, last = target.animation_data.action.frame_range
    assert last - first == pytest.approx((_SECONDS[-1] - _SECONDS[0]) * 24, abs=1e-3)
