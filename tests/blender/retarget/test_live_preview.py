"""A preview follows its source, and its removal leaves nothing behind."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.rig_samples import build_rig, limb_errors, smooth_motion
from tests.made_rigs import Build

A_POSE = Build(arms_down=45)


@pytest.fixture
def source(tmp_path):
    write_motion(tmp_path / "walk.npz", smooth_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def _check(extension, scene, source, target) -> float:
    find_map = extension("scene.retarget.bone_map_storage").find_map
    return limb_errors(scene, source, find_map(source).bone_map, target, find_map(target).bone_map, (1, 8, 20)).max()


def _bend_the_source(extension, source) -> None:
    for curve in extension("scene.base.fcurve_reading").find_fcurves(source.animation_data):
        if "left_shoulder" in curve.data_path or "right_knee" in curve.data_path:
            for key in curve.keyframe_points:
                key.co.y = {0: 0.8, 1: 0.4, 2: -0.4, 3: 0.2}[curve.array_index]


def test_a_preview_follows_what_is_done_to_the_source(extension, empty_scene, source):
    target = build_rig("hero", build=A_POSE)
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    assert _check(extension, empty_scene, source, target) < 0.1
    _bend_the_source(extension, source)
    assert _check(extension, empty_scene, source, target) > 20
    live_preview = extension("scene.retarget.live_preview")
    source.animation_data.action.update_tag()
    bpy.context.view_layer.update()
    assert bpy.app.timers.is_registered(live_preview._refresh_previews)
    live_preview._refresh_previews()  # no timer ticks in background
    assert _check(extension, empty_scene, source, target) < 0.1
    assert len(bpy.data.actions) == 2
    bpy.app.timers.unregister(live_preview._refresh_previews)


def _state(extension, target) -> tuple:
    animation = target.animation_data
    curves = extension("scene.base.fcurve_reading").find_fcurves(animation)
    bones = [(bone.name, *np.array(bone.matrix_basis).ravel(), bone.rotation_mode, *(value for _, value in bone.items()),
              *(constraint.influence for constraint in bone.constraints)) for bone in target.pose.bones]
    return (bones, animation and (animation.action, len(animation.nla_tracks), len(animation.drivers)),
            [(curve.data_path, curve.array_index, len(curve.keyframe_points)) for curve in curves],
            [(action.name, action.users, action.use_fake_user) for action in bpy.data.actions])


@pytest.mark.parametrize("had", ["an Action", "a pose by hand", "IK"])
def test_removed_it_leaves_nothing(extension, empty_scene, source, had):
    target = build_rig("hero", build=A_POSE)
    target.pose.bones["LeftArm"].rotation_quaternion = (0.9, 0.1, 0.4, 0.0)
    if had == "an Action":
        target.pose.bones["Spine"].keyframe_insert("rotation_quaternion", frame=5)
    if had == "IK":
        target.pose.bones["LeftLeg"].constraints.new("IK").chain_count = 2
        target.pose.bones["LeftLeg"].constraints["IK"].target = source
    before = _state(extension, target)
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    empty_scene.frame_set(12)
    if had == "IK":
        assert target.pose.bones["LeftLeg"].constraints["IK"].influence == 0
    bpy.ops.mpsnet.end_preview()
    assert _state(extension, target) == before
    assert target.mpsnet_preview.action is None and target.mpsnet_preview.values == ""


def test_kept_it_is_the_characters_action(extension, empty_scene, source):
    target = build_rig("hero", build=A_POSE)
    target.pose.bones["Spine"].keyframe_insert("rotation_quaternion", frame=5)
    former = target.animation_data.action
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    bpy.ops.mpsnet.end_preview(keep=True)
    assert target.animation_data.action.name == "walk on hero"
    assert former.use_fake_user
    assert _check(extension, empty_scene, source, target) < 0.1
    with pytest.raises(RuntimeError, match="No character follows"):
        bpy.ops.mpsnet.end_preview()


def test_a_preview_outlives_saving_and_can_be_removed_then(extension, source, tmp_path):
    target, source_name = build_rig("hero", build=A_POSE), source.name
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "user.blend"))
    live_preview = extension("scene.retarget.live_preview")
    bpy.data.objects[source_name].animation_data.action.update_tag()
    bpy.context.view_layer.update()
    assert bpy.app.timers.is_registered(live_preview._refresh_previews)
    bpy.app.timers.unregister(live_preview._refresh_previews)
    bpy.ops.mpsnet.end_preview()
    target = bpy.data.objects["hero"]
    assert target.animation_data is None
    assert [action.name for action in bpy.data.actions] == ["walk"]
    assert all(np.allclose(np.array(bone.matrix_basis), np.eye(4)) for bone in target.pose.bones)


def test_baking_replaces_a_preview_and_a_lost_source_ends_it(extension, empty_scene, source):
    target = build_rig("hero", build=A_POSE)
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    assert target.mpsnet_preview.action is None and len(bpy.data.actions) == 2
    bpy.ops.mpsnet.preview_retarget(source=source.name, target="hero")
    bpy.data.objects.remove(source)
    extension("scene.retarget.live_preview")._refresh_previews()
    assert target.mpsnet_preview.action is None
    assert target.animation_data.action.name == "walk on hero"
