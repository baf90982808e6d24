"""A character performs a motion: one call, no map given, as Blender itself evaluates it."""

import os
import subprocess
import sys
from pathlib import Path

import addon_utils
import bpy
import numpy as np
import pytest
from mathutils import Quaternion

from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.shared.bone_slots import MAIN
from mpsnet_blender.shared.motion_file import write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES
from tests.blender.rig_samples import build_rig, heads, limb_errors, smooth_motion
from tests.made_rigs import Build

ONE_DEGREE = 1.0
A_POSE = Build(arms_down=45, legs_apart=8, toes_out=12, helpers=True)
RIGS = {
    "Mixamo, T-pose, Blender's way": {"family": "Mixamo", "prefix": "mixamorig:"},
    "Mixamo at 0.01, lying": {"family": "Mixamo", "prefix": "mixamorig:", "scale": 0.01, "rotation": (np.pi / 2, 0, 0)},
    "Unreal, A-pose, rolled": {"family": "Unreal", "build": A_POSE, "seed": 1},
    "MakeHuman, five spine bones, three of the neck": {
        "family": "MakeHuman", "build": Build(arms_down=40, spine=5, neck=3), "seed": 2, "rotation": (0.2, -0.1, 1.2)},
    "CMU": {"family": "CMU", "build": Build(legs_apart=20, neck=2, has_fingers=False, root=False)},
    "VRoid, small": {"family": "VRoid", "build": Build(thigh=0.2, shin=0.2), "scale": 1.5},
    "no names, rolled, turned, far off": {
        "family": None, "build": A_POSE, "seed": 3, "rotation": (0.4, 0.3, 2.0), "scale": 0.1, "location": (5, -3, 1)},
}


@pytest.fixture
def module(extension):
    return extension


@pytest.fixture
def source(tmp_path):
    """Import a motion and return its armature."""
    write_motion(tmp_path / "walk.npz", smooth_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def _map_of(module, armature_object) -> dict:
    return module("scene.retarget.bone_map_storage").find_map(armature_object).bone_map


def _fcurves(module, armature_object) -> list:
    return module("scene.base.fcurve_reading").find_fcurves(armature_object.animation_data)


@pytest.mark.parametrize("rig", RIGS.values(), ids=RIGS.keys())
def test_every_rig_points_its_limbs_as_the_source_does(module, empty_scene, source, rig):
    target = build_rig("hero", **rig)
    assert map_bones(module("scene.retarget.rig_reading").read_rig(target)).unmapped == ()
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25))
    print(f"limbs: mean {errors.mean():.4f}, worst {errors.max():.4f} degrees")
    assert errors.max() < ONE_DEGREE / 10


def test_the_feet_stand_on_the_targets_floor_where_the_target_is(module, empty_scene, source):
    target = build_rig("hero", build=Build(thigh=0.3, shin=0.3), location=(3.0, 2.0, 1.5))
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    legs = [heads(empty_scene, thing, [_map_of(module, thing)[f"{side}_thigh"] for side in ("left", "right")], range(1, 25))
            .mean(axis=1) for thing in (source, target)]
    np.testing.assert_allclose(legs[1][0, :2], (3.0, 2.0), atol=1e-4)
    source_leg = sum(source.data.bones[bone].length for bone in ("left_hip", "left_knee"))
    np.testing.assert_allclose(legs[1] - legs[1][0], (legs[0] - legs[0][0]) * 0.6 / source_leg, atol=1e-4)
    ankle = source.data.bones["left_ankle"].head_local.z
    np.testing.assert_allclose(legs[1][:, 2] - 1.5 - 0.08, (legs[0][:, 2] - ankle) * 0.6 / source_leg, atol=2e-3)


@pytest.fixture
def rigify_rigs(tmp_path):
    """Return Rigify's basic human, generated, and its metarig."""
    path, resources = tmp_path / "rigify.blend", tmp_path / "resources"
    resources.mkdir()
    subprocess.run([sys.executable, Path(__file__).with_name("rigify_script.py"), path], check=True, timeout=120,
                   stdout=subprocess.DEVNULL, env=os.environ | {"BLENDER_USER_RESOURCES": str(resources)})
    with bpy.data.libraries.load(str(path)) as (stored, wanted):
        wanted.objects = [name for name in stored.objects if name in ("rig", "metarig")]
    for thing in wanted.objects:
        bpy.context.scene.collection.objects.link(thing)
    return bpy.data.objects["rig"], bpy.data.objects["metarig"]


def test_a_generated_rigify_rig_performs_with_its_fk_controls(module, empty_scene, source, rigify_rigs):
    rig, metarig = rigify_rigs
    rig.location, rig.rotation_euler = (1.0, 2.0, 0.0), (0, 0, 0.5)
    bpy.ops.mpsnet.retarget(source=source.name, target=f"{rig.name}|{metarig.name}")
    parts = {"thigh": "thigh", "shin": "shin", "foot": "foot", "upper_arm": "upper_arm", "forearm": "forearm", "hand": "hand"}
    frames = range(1, 25, 4)
    for prefix, thing in (("ORG-", rig), ("DEF-", rig), ("", metarig)):
        own = {f"{side}_{slot}": f"{prefix}{part}.{side[0].upper()}" for side in ("left", "right")
               for slot, part in parts.items()}
        errors = limb_errors(empty_scene, source, _map_of(module, source), thing, own, frames)
        assert errors.max() < ONE_DEGREE / 10, prefix
    keyed = {curve.data_path for curve in _fcurves(module, rig)}
    assert 'pose.bones["thigh_parent.L"]["IK_FK"]' in keyed
    assert not any("DEF-" in path or "MCH-" in path or "ORG-" in path for path in keyed)
    assert len(keyed) < 40
    hips = heads(empty_scene, rig, ["ORG-thigh.L", "ORG-thigh.R"], [1])[0].mean(axis=0)
    np.testing.assert_allclose(hips[:2], (1.0, 2.0), atol=0.05)


def test_where_a_control_stands_by_hand_does_not_matter(empty_scene, source, rigify_rigs):
    rig, _ = rigify_rigs
    places = []
    for by_hand in ((0, 0, 0), (0.3, -2.0, 0.5)):
        rig.animation_data.action = None
        rig.pose.bones["torso"].location = by_hand
        rig.pose.bones["spine_fk"].rotation_quaternion = (0.9, 0.3, 0, 0)
        bpy.ops.mpsnet.retarget(source=source.name, target=rig.name)
        places.append(heads(empty_scene, rig, ["ORG-foot.L", "ORG-hand.R", "ORG-spine"], (1, 12)))
    np.testing.assert_allclose(places[0], places[1], atol=1e-4)


@pytest.mark.parametrize("root_motion", ["HIPS", "ROOT"])
def test_rigifys_ik_controls_reproduce_the_pose_when_ik_leads(module, empty_scene, source, rigify_rigs, root_motion):
    rig, _ = rigify_rigs
    rig.location, rig.rotation_euler = (1.0, 2.0, 0.0), (0, 0, 0.5)
    joints = [f"ORG-{part}.{side}" for part in ("shin", "foot", "forearm", "hand") for side in "LR"]
    frames, places = range(1, 25, 3), {}
    for use_ik in (False, True):
        bpy.ops.mpsnet.retarget(source=source.name, target=rig.name, use_ik=use_ik, root_motion=root_motion)
        places[use_ik] = heads(empty_scene, rig, joints, frames)
    apart = np.linalg.norm(places[True] - places[False], axis=-1)
    print("IK against FK, mm:", dict(zip(joints, (1000 * apart.max(axis=0)).round(2))))
    assert apart.max() < 0.006  # elbows that are nearly straight have no plane to speak of
    values = {curve.data_path: curve.evaluate(5) for curve in _fcurves(module, rig)}
    assert values['pose.bones["thigh_parent.L"]["IK_FK"]'] == 0
    assert 'pose.bones["foot_ik.R"].location' in values and 'pose.bones["upper_arm_ik_target.L"].location' in values


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "ZYX", "AXIS_ANGLE"])
def test_bones_keep_their_rotation_modes(module, empty_scene, source, mode):
    target = build_rig("hero", build=A_POSE)
    for pose_bone in target.pose.bones:
        pose_bone.rotation_mode = mode
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    assert {pose_bone.rotation_mode for pose_bone in target.pose.bones} == {mode}
    path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")
    assert {curve.data_path.rsplit(".", 1)[1] for curve in _fcurves(module, target)} == {path, "location"}
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25, 3))
    assert errors.max() < ONE_DEGREE / 10


def test_only_mapped_bones_are_keyed_and_locked_channels_stay(module, source):
    target = build_rig("hero", build=A_POSE)
    target.pose.bones["LeftForeArm"].rotation_mode = "XYZ"
    target.pose.bones["LeftForeArm"].lock_rotation = (True, False, True)
    target.pose.bones["RightFoot"].lock_rotation = (True, True, True)
    target.pose.bones["Hips"].lock_location = (False, True, False)
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    curves = _fcurves(module, target)
    keyed = {curve.data_path.split('"')[1] for curve in curves}
    assert keyed <= set(_map_of(module, target).values())
    assert "RightFoot" not in keyed
    assert [curve.array_index for curve in curves if "LeftForeArm" in curve.data_path] == [1]
    assert [curve.array_index for curve in curves if curve.data_path.endswith("location")] == [0, 2]


def test_keys_lie_at_the_sources_frames_and_fingers_have_one(module, source):
    target = build_rig("hero")
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name)
    module_frames = module("scene.base.fcurve_reading").key_frames
    own = module_frames(_fcurves(module, source)[0])
    for curve in _fcurves(module, target):
        expected = own[:1] if "HandIndex" in curve.data_path or "Finger" in curve.data_path else own
        if not any(finger in curve.data_path for finger in ("Middle", "Ring", "Pinky")):
            np.testing.assert_array_equal(module_frames(curve), expected)


def test_ik_on_a_plain_rig_lets_go_in_the_action_and_stays_in_the_file(module, empty_scene, source):
    target = build_rig("hero", build=A_POSE)
    goal = bpy.data.objects.new("goal", None)
    goal.location = (1.0, 1.0, 0.5)
    empty_scene.collection.objects.link(goal)
    constraint = target.pose.bones["LeftLeg"].constraints.new("IK")
    constraint.target, constraint.chain_count = goal, 2
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE / 10
    assert [item.type for item in target.pose.bones["LeftLeg"].constraints] == ["IK"]


def test_bones_that_constraints_hold_are_reported(module, empty_scene, source):
    target = build_rig("hero")
    constraint = target.pose.bones["Head"].constraints.new("COPY_ROTATION")
    constraint.target = source
    (report,) = module("scene.retarget.retarget").retarget_armatures(
        empty_scene, source, [target], module("scene.retarget.retarget").RetargetSettings())
    assert len(report.warnings) == 1 and "Constraints hold Head" in report.warnings[0]


def test_several_characters_at_once_in_one_step(module, empty_scene, source):
    targets = [build_rig("first"), build_rig("second", "Unreal", A_POSE, location=(2, 0, 0))]
    bpy.ops.mpsnet.retarget(source=source.name, target="first|second")
    for target in targets:
        errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), (1, 12))
        assert errors.max() < ONE_DEGREE / 10
    assert targets[0].animation_data.action != targets[1].animation_data.action


def test_the_action_can_become_an_nla_strip(module, empty_scene, source):
    target = build_rig("hero", build=A_POSE)
    former = bpy.data.actions.new("former")
    target.animation_data_create().action = former
    bpy.ops.mpsnet.retarget(source=source.name, target=target.name, to_nla=True)
    animation = target.animation_data
    assert animation.action is None and bpy.data.actions["former"].use_fake_user
    (track,) = animation.nla_tracks
    assert (track.strips[0].frame_start, track.strips[0].frame_end) == (1.0, 24.0)
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE / 10


def test_a_character_can_be_the_source_of_another_with_its_fingers(module, empty_scene, source):
    first, second = build_rig("first", seed=5), build_rig("second", "Unreal", A_POSE)
    bpy.ops.mpsnet.retarget(source=source.name, target="first")
    bpy.ops.mpsnet.retarget(source="first", target="second")
    errors = limb_errors(empty_scene, source, _map_of(module, source), second, _map_of(module, second), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE / 10
    assert any("index_02_l" in curve.data_path for curve in _fcurves(module, second))
    assert first.animation_data.action.name == "walk on first"


def test_a_source_moved_by_nla_constraints_or_its_object_is_read_frame_by_frame(module, empty_scene, source):
    follower = build_rig("follower", "SMPL", Build(has_fingers=False))
    for joint in JOINT_NAMES:
        if joint in follower.pose.bones:
            constraint = follower.pose.bones[joint].constraints.new("COPY_ROTATION")
            constraint.target, constraint.subtarget = source, joint
    follower.animation_data_create().action = bpy.data.actions.new("turning")
    follower.keyframe_insert("rotation_euler", frame=1)
    follower.rotation_euler = (0, 0, 0.5)
    follower.keyframe_insert("rotation_euler", frame=24)
    target = build_rig("hero", build=A_POSE)
    bpy.ops.mpsnet.retarget(source="follower", target="hero")
    errors = limb_errors(empty_scene, follower, _map_of(module, follower), target, _map_of(module, target), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE


def test_bvh_files_serve_as_sources(module, empty_scene, source, tmp_path):
    addon_utils.enable("io_anim_bvh", default_set=True)
    path = tmp_path / "walk.bvh"
    with bpy.context.temp_override(active_object=source, object=source, selected_objects=[source]):
        bpy.context.view_layer.objects.active = source
        bpy.ops.export_anim.bvh(filepath=str(path), frame_start=1, frame_end=24, root_transform_only=True)
    bpy.ops.import_anim.bvh(filepath=str(path), axis_forward="Y", axis_up="Z", update_scene_fps=False)
    imported = bpy.context.object
    target = build_rig("hero", build=A_POSE)
    bpy.ops.mpsnet.retarget(source=imported.name, target="hero")
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE


def test_the_pose_of_now_can_be_what_corresponds(module, empty_scene, source):
    target = build_rig("hero", build=Build(arms_down=80))
    # Somebody thinks of the pose with arms 35 degrees higher as the T-pose.
    for bone, sign in (("LeftArm", 1), ("RightArm", -1)):
        pose_bone = target.pose.bones[bone]
        pose_bone.rotation_mode = "QUATERNION"
        rest = target.data.bones[bone].matrix_local.to_quaternion()
        pose_bone.rotation_quaternion = rest.inverted() @ Quaternion((0, 1, 0), -0.6 * sign) @ rest
    bpy.context.view_layer.update()
    bpy.ops.mpsnet.retarget(source=source.name, target="hero", target_as_posed=True)
    errors = limb_errors(empty_scene, source, _map_of(module, source), target, _map_of(module, target), range(1, 25, 4))
    assert errors.max() < ONE_DEGREE / 10


@pytest.mark.parametrize("source_name, target_name, words", [
    ("nobody", "hero", "no object “nobody”"), ("walk", "box", "“box” is not an armature"), ("walk", "walk", "source and target"),
    ("walk", "rope", "has no bones for Hips"), ("still", "hero", "no motion"),
])
def test_mistakes_are_reported_as_runtime_errors_and_change_nothing(source, source_name, target_name, words):
    build_rig("hero")
    build_rig("still", "Unreal")
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("box", bpy.data.meshes.new("box")))
    rope = bpy.data.objects.new("rope", bpy.data.armatures.new("rope"))
    bpy.context.scene.collection.objects.link(rope)
    actions = set(bpy.data.actions)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.retarget(source=source_name, target=target_name)
    assert set(bpy.data.actions) == actions


def test_all_main_bones_of_a_capture_are_mapped(module, source):
    assert set(MAIN) <= set(_map_of(module, source))
