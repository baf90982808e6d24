"""People are there only while the video shows them."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.motion_samples import random_motion, write_capture


def _shown(scene, thing, frame: int) -> tuple[bool, bool]:
    """Return whether an object is shown at a frame in the viewport and in renders."""
    scene.frame_set(frame)
    evaluated = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return not evaluated.hide_viewport, not evaluated.hide_render


def _imported(tmp_path, **options):
    """Import somebody who is seen in frames 31 to 40 of the scene, after another; return armature and body."""
    late = random_motion(10, seed=2, timestamps=1.0 + np.arange(10) / 30)
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", [random_motion(50), late])), **options)
    return bpy.data.objects["capture person 2"], bpy.data.objects["capture person 2 body"]


def test_armature_and_body_are_shown_from_the_first_to_the_last_frame_seen(tmp_path, empty_scene):
    for thing in _imported(tmp_path):
        assert [frame for frame in range(1, 60) if _shown(empty_scene, thing, frame) == (True, True)] == list(range(31, 41))
        assert _shown(empty_scene, thing, 30) == _shown(empty_scene, thing, 41) == (False, False)


def test_somebody_hidden_for_a_while_in_between_stays(tmp_path, empty_scene):
    times = np.concatenate((np.arange(5), np.arange(25, 30))) / 30
    write_motion(tmp_path / "walk.npz", random_motion(10, timestamps=times))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    body = bpy.data.objects["walk body"]
    assert [frame for frame in range(0, 40) if _shown(empty_scene, body, frame)[0]] == list(range(1, 31))


@pytest.mark.parametrize("changes", [{}, {"camera_matrix": None, "image_size": None, "world_from_cam": None}])
def test_people_are_always_there_where_not_wanted_otherwise_or_where_the_file_has_no_camera(tmp_path, empty_scene, changes):
    write_motion(tmp_path / "walk.npz", random_motion(10, **changes))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), only_while_seen=bool(changes))
    for thing in (bpy.data.objects["walk"], bpy.data.objects["walk body"]):
        assert _shown(empty_scene, thing, -20) == _shown(empty_scene, thing, 100) == (True, True)


@pytest.mark.parametrize(("fps", "before", "after"), [(24, (1, 24), (25, 40)), (30, (1, 30), (31, 50)), (60, (1, 60), (61, 100))])
def test_nobody_is_shown_beyond_a_cut_whatever_the_scenes_rate(tmp_path, empty_scene, fps, before, after):
    empty_scene.render.fps = fps
    shots = [random_motion(30), random_motion(20, seed=1, timestamps=1.0 + np.arange(20) / 30)]
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", shots)))
    for number, (first, last) in enumerate((before, after), start=1):
        person = bpy.data.objects[f"capture person {number}"]
        assert [frame for frame in range(1, 110) if _shown(empty_scene, person, frame)[0]] == list(range(first, last + 1))


def test_the_keys_are_stepped_and_in_a_group(tmp_path, extension):
    rig, _ = _imported(tmp_path)
    holder = extension("scene.base.fcurve_reading").find_curve_holder(rig.animation_data)
    for path in ("hide_viewport", "hide_render"):
        curve = holder.fcurves.find(path)
        assert [tuple(key.co) for key in curve.keyframe_points] == [(30, 1), (31, 0), (41, 1)]
        assert {key.interpolation for key in curve.keyframe_points} == {"CONSTANT"} and curve.group.name == "Visibility"


def test_retiming_moves_the_span_with_the_motion(tmp_path, empty_scene):
    rig, body = _imported(tmp_path)
    empty_scene.render.fps = 60
    bpy.ops.mpsnet.retime_motion()
    for thing in (rig, body):  # the motion lies at frames 61 to 79 now
        assert [_shown(empty_scene, thing, frame)[0] for frame in (58, 61, 79, 82)] == [False, True, True, False]


def test_clean_up_keys_the_span_again_and_a_loop_stays(tmp_path, empty_scene):
    rig, body = _imported(tmp_path)
    bpy.ops.mpsnet.clean_motion(armature=rig.name, speed=0.5)
    assert [_shown(empty_scene, body, frame)[0] for frame in (30, 31, 49, 51)] == [False, True, True, False]
    bpy.ops.mpsnet.clean_motion(armature=rig.name, speed=1.0, loop=True)
    assert _shown(empty_scene, body, 100) == (True, True)
    bpy.ops.mpsnet.reset_motion(armature=rig.name)
    assert [_shown(empty_scene, body, frame)[0] for frame in (30, 31, 40, 41)] == [False, True, True, False]


@pytest.mark.parametrize("suffix", ["fbx", "glb", "usda", "bvh"])
def test_an_export_holds_somebody_who_is_hidden_at_the_moment(tmp_path, empty_scene, suffix):
    rig, _ = _imported(tmp_path)
    sizes = []
    for frame in (35, 1):
        empty_scene.frame_set(frame)
        path = tmp_path / f"at_{frame}.{suffix}"
        bpy.ops.mpsnet.export_motion(filepath=str(path), armature=rig.name)
        notice = bpy.context.window_manager.mpsnet.notice
        assert "frames 31 to 40" in notice and ("capture person 2 body" in notice) == (suffix != "bvh")
        sizes.append(path.stat().st_size)
    assert sizes[1] == pytest.approx(sizes[0], rel=1e-3)
    assert _shown(empty_scene, rig, 1) == (False, False)


def test_a_pushed_down_action_of_somebody_hidden_is_sampled_as_it_moves(tmp_path, empty_scene, extension):
    rig, _ = _imported(tmp_path)
    sampling = extension("scene.base.motion_sampling")
    frames = np.arange(31, 41)
    expected = sampling.sample_motion(rig, [], empty_scene, frames).poses
    animation, action = rig.animation_data, rig.animation_data.action
    slot = getattr(animation, "action_slot", None)
    strip = animation.nla_tracks.new().strips.new("walk", 30, action)
    if slot is not None:
        strip.action_slot = slot
    animation.action = None
    empty_scene.frame_set(1)
    np.testing.assert_allclose(sampling.sample_motion(rig, [], empty_scene, frames).poses, expected, atol=1e-6)


def test_bones_only_exports_have_no_mesh(tmp_path, empty_scene):
    rig, _ = _imported(tmp_path)
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "bones.fbx"), armature=rig.name, with_meshes=False)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "bones.fbx"))
    assert [thing.type for thing in bpy.data.objects] == ["ARMATURE"]


def test_a_bake_into_the_action_keeps_the_span(tmp_path, empty_scene):
    rig, body = _imported(tmp_path)
    empty_scene.frame_set(35)
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing == rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.nla.bake(frame_start=31, frame_end=40, only_selected=False, visual_keying=True,
                     use_current_action=True, bake_types={"POSE"})
    bpy.ops.object.mode_set(mode="OBJECT")
    for thing in (rig, body):
        assert [_shown(empty_scene, thing, frame)[0] for frame in (30, 31, 40, 41)] == [False, True, True, False]


@pytest.mark.parametrize(("frame", "options", "is_told"), [
    (35, {}, False), (1, {}, True), (1, {"only_while_seen": False}, False)])
def test_an_import_tells_where_nobody_is_shown_at_the_present_frame(tmp_path, empty_scene, frame, options, is_told):
    empty_scene.frame_set(frame)
    write_motion(tmp_path / "walk.npz", random_motion(10))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), start_frame=31, **options)
    told = f"Nobody is shown at frame {frame}: go to frames 31 to 40." in bpy.context.window_manager.mpsnet.warning
    assert told == is_told
