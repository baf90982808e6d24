"""Bone maps are kept with the armature, corrected by hand, and go through files."""

import json
from types import SimpleNamespace

import bpy
import pytest

from mpsnet_blender.shared.bone_slots import MAIN
from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.rig_samples import build_rig, limb_errors, smooth_motion
from tests.made_rigs import Build


@pytest.fixture
def source(tmp_path):
    write_motion(tmp_path / "walk.npz", smooth_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def test_map_bones_fills_the_table_and_clear_empties_it():
    rig = build_rig("hero", "Unreal")
    bpy.ops.mpsnet.map_bones(armature="hero")
    assert rig.mpsnet_bones.left_forearm == "lowerarm_l"
    assert all(getattr(rig.mpsnet_bones, slot) for slot in MAIN)
    bpy.ops.mpsnet.clear_bone_map(armature="hero")
    assert not any(getattr(rig.mpsnet_bones, slot) for slot in MAIN)


def test_a_bone_is_chosen_from_the_list_and_taken_off_again():
    rig = build_rig("hero", "Unreal")
    bpy.ops.mpsnet.map_bones(armature="hero")
    chosen = bpy.ops.mpsnet.choose_bone
    assert chosen(armature="hero", slot="left_hand", bone="hand_r") == {"FINISHED"}
    assert (rig.mpsnet_bones.left_hand, rig.mpsnet_bones.left_forearm) == ("hand_r", "lowerarm_l")
    chosen(armature="hero", slot="left_hand", bone="(no bone)")
    assert rig.mpsnet_bones.left_hand == ""
    tooltip = bpy.types.MPSNET_OT_choose_bone.description
    assert "“lowerarm_l”" in tooltip(bpy.context, SimpleNamespace(armature="hero", slot="left_forearm"))
    assert "no bone" in tooltip(bpy.context, SimpleNamespace(armature="hero", slot="left_hand"))
    with pytest.raises(TypeError, match="no such bone"):
        chosen(armature="hero", slot="left_hand", bone="no such bone")


def test_retargeting_stores_nothing_unasked(source):
    rig = build_rig("hero", "Unreal")
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    assert rig.mpsnet_bones.hips == ""


def test_a_corrected_map_is_used_and_stays_with_the_file(extension, empty_scene, source, tmp_path):
    rig = build_rig("hero", None, Build(has_fingers=False))
    bpy.ops.mpsnet.map_bones(armature="hero")
    left, right = rig.mpsnet_bones.left_hand, rig.mpsnet_bones.right_hand
    rig.mpsnet_bones.left_hand = ""
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    curves = extension("scene.base.fcurve_reading").find_fcurves(rig.animation_data)
    assert not any(f'"{left}"' in curve.data_path for curve in curves)
    assert any(f'"{right}"' in curve.data_path for curve in curves)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "user.blend"))
    kept = bpy.data.objects["hero"].mpsnet_bones
    assert kept.left_hand == "" and kept.right_hand == right


def test_a_map_goes_through_a_file_to_a_rig_of_the_same_make(extension, empty_scene, source, tmp_path):
    path = tmp_path / "map.json"
    build_rig("first", None)
    second = build_rig("second", None, Build(arms_down=45), seed=4)
    bpy.ops.mpsnet.export_bone_map(armature="first", filepath=str(path))
    bpy.ops.mpsnet.import_bone_map(armature="second", filepath=str(path))
    find_map = extension("scene.retarget.bone_map_storage").find_map
    assert find_map(second).found_by == "stored"
    assert find_map(second).bone_map == json.loads(path.read_text())["bones"]
    bpy.ops.mpsnet.retarget(source=source.name, target="second")
    errors = limb_errors(empty_scene, source, find_map(source).bone_map, second, find_map(second).bone_map, (1, 10, 20))
    assert errors.max() < 0.1


@pytest.mark.parametrize("content, words", [
    ("not json", "cannot be read as JSON"), ('{"format": "other"}', "is not a bone map"),
    ('{"format": "mpsnet bone map", "bones": {"nose": "x"}}', "is not a bone map"), ("[]", "is not a bone map"),
    ("[" * 100_000, "cannot be read as JSON"), (" " * 2 ** 21 + "{}", "cannot be read as JSON"),
    ('{"format": "mpsnet bone map", "version": 1, "bones": {"hips": ["Hips"]}}', "is not a bone map"),
    ('{"format": "mpsnet bone map", "version": 2, "bones": {"hips": "Hips"}}', "another version than 1"),
])
def test_other_files_are_refused(tmp_path, content, words):
    rig = build_rig("hero")
    path = tmp_path / "map.json"
    path.write_text(content)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.import_bone_map(armature="hero", filepath=str(path))
    assert rig.mpsnet_bones.hips == ""


def test_a_name_that_no_bone_can_have_is_left_out(tmp_path):
    rig = build_rig("hero")
    bones = '{"hips": "Hips", "head": "\\ud800"}'
    (tmp_path / "map.json").write_text(f'{{"format": "mpsnet bone map", "version": 1, "bones": {bones}}}')
    bpy.ops.mpsnet.import_bone_map(armature="hero", filepath=str(tmp_path / "map.json"))
    assert (rig.mpsnet_bones.hips, rig.mpsnet_bones.head) == ("Hips", "")


@pytest.mark.parametrize("stored", [
    "[" * 100_000, "[]", '{"hips": ["Hips"]}', '{"hips": {"Hips": 1}}', '{"hips": "\\ud800"}', "{"])
def test_a_damaged_stored_map_counts_as_none(stored):
    rig = build_rig("hero")
    rig.mpsnet_bone_map = stored
    assert rig.mpsnet_bones.hips == ""


def test_bones_that_the_rig_lacks_are_left_out_and_needed_ones_reported(source, tmp_path):
    rig = build_rig("hero")
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"format": "mpsnet bone map", "version": 1, "bones": {"hips": "Hips", "head": "Kopf"}}))
    bpy.ops.mpsnet.import_bone_map(armature="hero", filepath=str(path))
    assert (rig.mpsnet_bones.hips, rig.mpsnet_bones.head) == ("Hips", "")
    with pytest.raises(RuntimeError, match="has no bones for Left Upper Arm"):
        bpy.ops.mpsnet.retarget(source=source.name, target="hero")
