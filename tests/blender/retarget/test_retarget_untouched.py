"""A retarget writes one fresh Action: everything else in the file stays as it was, linked rigs and overrides too."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.characters import place_and_override
from tests.blender.rig_samples import build_rig, limb_errors, smooth_motion
from tests.made_rigs import Build

A_POSE = Build(arms_down=45, legs_apart=8, helpers=True)
SKIPPED = {"rna_type", "is_evaluated", "session_uid", "original", "tag", "users", "is_updated", "is_updated_data",
           "dimensions"}  # those of an armature follow its pose


@pytest.fixture
def source(tmp_path):
    write_motion(tmp_path / "walk.npz", smooth_motion())
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def _values(thing) -> dict:
    """Return the plain properties of anything of Blender's."""
    found = {}
    for prop in thing.bl_rna.properties:
        if prop.identifier in SKIPPED or prop.type in ("POINTER", "COLLECTION") or prop.is_readonly:
            continue
        value = getattr(thing, prop.identifier)
        if prop.type in ("FLOAT", "INT", "BOOLEAN") and prop.is_array:
            value = tuple(np.array(value).ravel())
        found[prop.identifier] = value
    keys = thing.keys() if isinstance(thing, (bpy.types.ID, bpy.types.PoseBone)) else ()
    return found | {f"[{key}]": str(thing[key]) for key in keys}


def _curves(module, datablock) -> list:
    curves = module("scene.base.fcurve_reading").find_fcurves(datablock.animation_data)
    return [(curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points]) for curve in curves]


def _snapshot(module, but: str = "") -> dict:
    """Return all that the file holds by name, leaving out what a retarget to the object `but` is for: its pose and Action."""
    found = {}
    for thing in bpy.data.objects:
        values = {key: value for key, value in _values(thing).items() if not key.startswith(("matrix", "bound_box"))}
        found[thing.name] = [values]
        found[thing.name] += [_values(constraint) for constraint in thing.constraints]
        for pose_bone in thing.pose.bones if thing.pose else ():
            moves = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "matrix", "head", "tail")
            values = {key: value for key, value in _values(pose_bone).items()
                      if not (thing.name == but and key.startswith(moves)) and not key.startswith(("matrix", "head", "tail"))}
            found[thing.name, pose_bone.name] = [values, *(_values(constraint) for constraint in pose_bone.constraints)]
        if thing.animation_data and thing.animation_data.action and thing.name != but:
            found[thing.name].append((thing.animation_data.action.name, _curves(module, thing)))
        if thing.animation_data:
            found[thing.name].append([(driver.data_path, driver.driver.expression) for driver in thing.animation_data.drivers])
    for mesh in bpy.data.meshes:
        found["mesh", mesh.name] = [tuple(vertex.co) for vertex in mesh.vertices]
        if mesh.shape_keys:
            found["keys", mesh.name] = [(block.name, block.value, tuple(block.data[0].co))
                                        for block in mesh.shape_keys.key_blocks]
    for armature in bpy.data.armatures:
        found["armature", armature.name] = [(bone.name, tuple(map(tuple, bone.matrix_local)), bone.length)
                                            for bone in armature.bones]
    scene = bpy.context.scene
    found["scene"] = (scene.frame_start, scene.frame_end, scene.frame_current, scene.render.fps, scene.name,
                      bpy.context.mode, bpy.context.view_layer.objects.active.name,
                      [thing.name for thing in bpy.context.selected_objects], bpy.data.scenes.keys())
    return found


def _user_file() -> bpy.types.Object:
    """Fill the scene with what users have about a character, and return the character."""
    hero = build_rig("hero", build=A_POSE, scale=0.01, rotation=(np.pi / 2, 0, 0))
    hero["favourite"] = 3.5
    hero.pose.bones["Head"]["mood"] = 0.25
    look = hero.pose.bones["Head"].constraints.new("LIMIT_ROTATION")
    look.use_limit_x, look.max_x = True, 0.3
    mesh = bpy.data.meshes.new("body")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    body = bpy.data.objects.new("body", mesh)
    bpy.context.scene.collection.objects.link(body)
    body.parent = hero
    body.modifiers.new("Armature", "ARMATURE").object = hero
    body.shape_key_add(name="Basis")
    body.shape_key_add(name="smile").value = 0.4
    driver = body.driver_add("location", 0).driver
    driver.expression = "frame * 0.01"
    other = build_rig("bystander", "Unreal")
    other.pose.bones["pelvis"].rotation_mode = "XYZ"
    other.pose.bones["pelvis"].keyframe_insert("rotation_euler", frame=3)
    hero.pose.bones["Spine"].keyframe_insert("rotation_quaternion", frame=5)
    hero.animation_data.action.name = "old"
    hero.pose.bones["Spine"].driver_add("scale", 0).driver.expression = "1.0"
    return hero


def test_nothing_else_in_the_file_changes(extension, source):
    hero = _user_file()
    old = _curves(extension, hero)
    before, actions = _snapshot(extension, "hero"), set(bpy.data.actions)
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    assert _snapshot(extension, "hero") == before
    (fresh,) = set(bpy.data.actions) - actions
    assert hero.animation_data.action == fresh
    hero.animation_data.action = bpy.data.actions["old"]
    if hasattr(hero.animation_data, "action_slot"):
        hero.animation_data.action_slot = hero.animation_data.action.slots[0]
    assert _curves(extension, hero) == old


def test_old_actions_survive_saving(extension, source, tmp_path):
    _user_file()
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "user.blend"))
    assert {"old", "walk on hero"} <= set(bpy.data.actions.keys())
    assert bpy.data.objects["hero"].animation_data.action.name == "walk on hero"


@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_one_undo_takes_it_back(extension, source, mode):
    hero = _user_file()
    bpy.context.view_layer.objects.active = hero
    bpy.ops.object.mode_set(mode=mode)
    bpy.ops.ed.undo_push(message="Before")
    names = sorted(bpy.data.actions.keys())
    bpy.ops.mpsnet.retarget("EXEC_DEFAULT", True, source=source.name, target="hero")
    assert sorted(bpy.data.actions.keys()) != names
    bpy.ops.ed.undo()
    assert sorted(bpy.data.actions.keys()) == names
    assert bpy.data.objects["hero"].animation_data.action.name == "old"


def test_selection_and_active_object_do_not_matter(source):
    hero = build_rig("hero", build=A_POSE)
    bpy.context.view_layer.objects.active = None
    for thing in bpy.context.selected_objects:
        thing.select_set(False)
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    assert hero.animation_data.action is not None
    assert bpy.context.view_layer.objects.active is None and not bpy.context.selected_objects


def _library(path) -> None:
    """Write a .blend with a rig in a collection, and empty the file again."""
    rig = build_rig("hero", build=A_POSE, seed=2)
    collection = bpy.data.collections.new("character")
    collection.objects.link(rig)
    bpy.data.libraries.write(str(path), {collection})
    bpy.data.objects.remove(rig)
    bpy.data.collections.remove(collection)
    for armature in list(bpy.data.armatures):
        if armature.users == 0:
            bpy.data.armatures.remove(armature)


def _check_limbs(extension, scene, source, target) -> None:
    find_map = extension("scene.retarget.bone_map_storage").find_map
    errors = limb_errors(scene, source, find_map(source).bone_map, target, find_map(target).bone_map, (1, 8, 20))
    assert errors.max() < 0.1


def test_an_object_with_a_linked_armature_performs(extension, empty_scene, source, tmp_path):
    _library(tmp_path / "library.blend")
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (stored, wanted):
        wanted.armatures = list(stored.armatures)
    rig = bpy.data.objects.new("hero", wanted.armatures[0])
    empty_scene.collection.objects.link(rig)
    bpy.ops.mpsnet.retarget(source=source.name, target="hero")
    assert rig.data.library is not None
    _check_limbs(extension, empty_scene, source, rig)


def test_a_library_override_performs_and_is_kept_by_saving(extension, empty_scene, source, tmp_path):
    _library(tmp_path / "library.blend")
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (stored, wanted):
        wanted.collections = list(stored.collections)
    override = place_and_override(empty_scene, wanted.collections[0])
    (rig,) = override.all_objects
    assert rig.override_library is not None
    bpy.ops.mpsnet.map_bones(armature=rig.name)
    bpy.ops.mpsnet.retarget(source=source.name, target=rig.name)
    _check_limbs(extension, empty_scene, source, rig)
    name, source_name = rig.name, source.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "user.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "user.blend"))
    rig = bpy.data.objects[name]
    assert rig.mpsnet_bones.left_forearm == "LeftForeArm"
    _check_limbs(extension, bpy.context.scene, bpy.data.objects[source_name], rig)


def test_a_linked_rig_without_override_says_what_to_do(source, empty_scene, tmp_path):
    _library(tmp_path / "library.blend")
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (stored, wanted):
        wanted.objects = [name for name in stored.objects if name == "hero"]
    empty_scene.collection.objects.link(wanted.objects[0])
    with pytest.raises(RuntimeError, match="Library Override"):
        bpy.ops.mpsnet.retarget(source=source.name, target="hero")
