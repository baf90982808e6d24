"""An export changes nothing in the open file, exports hidden, linked and other scenes' objects, and reports what it cannot do."""

import addon_utils
import bpy
import numpy as np
import pytest

from tests.blender.characters import build_skin, heads, key, place_and_override
from tests.blender.export.test_export import FILES, MILLIMETRE, a_moving_rig, frames_there, reimport

COLLECTIONS = ("scenes", "objects", "armatures", "meshes", "actions", "collections", "shape_keys", "materials", "cameras",
               "images", "node_groups", "texts", "worlds")
NAMES = ["hips", "spine", "upper.L", "lower.L", "thigh.R", "shin.R"]


def exact(value):
    """Return a property's value in a form that compares: nested tuples of plain values."""
    if isinstance(value, bpy.types.ID):
        return value.name
    if hasattr(value, "to_dict"):
        return repr(value.to_dict())
    if hasattr(value, "__len__") and not isinstance(value, str | bytes | set):
        return tuple(exact(part) for part in value)
    return value


def properties_of(thing, skipped=()):
    """Return all plain properties and pointers to data-blocks of something of Blender's."""
    found = {}
    for rna in thing.bl_rna.properties:
        if rna.identifier in skipped or rna.type == "COLLECTION":
            continue
        value = getattr(thing, rna.identifier)
        if rna.type == "POINTER" and not (value is None or isinstance(value, bpy.types.ID)):
            continue
        found[rna.identifier] = exact(value)
    return found


def whole_file(context):
    """Return the content and the settings of the file, as far as a user could notice them."""
    file = {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in COLLECTIONS}
    for thing in bpy.data.objects:
        # A bounding box is computed when asked for; users come and go with Python's references.
        state = properties_of(thing, ("bound_box", "users"))
        state["modifiers"] = [properties_of(modifier, ("execution_time",)) for modifier in thing.modifiers]
        state["custom"] = {name: exact(value) for name, value in thing.items()}
        state["collections"] = sorted(collection.name for collection in thing.users_collection)
        if thing.pose:
            state["bones"] = [(properties_of(bone), [properties_of(held) for held in bone.constraints])
                              for bone in thing.pose.bones]
            state["rest"] = [properties_of(bone) for bone in thing.data.bones]
        state["action"] = thing.animation_data and exact(thing.animation_data.action)
        file[f"object {thing.name}"] = state
    for keys in bpy.data.shape_keys:
        file[f"keys {keys.name}"] = [(block.name, block.value) for block in keys.key_blocks]
    for scene in bpy.data.scenes:
        file[f"scene {scene.name}"] = properties_of(scene, ("users",)), properties_of(scene.render), properties_of(
            scene.unit_settings), [(layer.objects.active and layer.objects.active.name, sorted(
                thing.name for thing in layer.objects if thing.select_get(view_layer=layer))) for layer in scene.view_layers]
    for action in bpy.data.actions:
        file[f"action {action.name}"] = properties_of(action, ("users",))
    file["context"] = (context.scene.name, context.mode, context.window.scene.name)
    return file


def assert_same(before, after):
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name] == value, name


@pytest.fixture
def busy_file(empty_scene):
    """A character in a file with more in it: poses by hand, another Action, selections, a second scene, shape keys."""
    rig = a_moving_rig(empty_scene)
    skin = build_skin(empty_scene, rig)
    skin.shape_key_add(name="Basis")
    block = skin.shape_key_add(name="smile")
    block.keyframe_insert("value", frame=11)
    other = bpy.data.objects.new("other", bpy.data.meshes.new("other mesh"))
    empty_scene.collection.objects.link(other)
    key(other, "location", (1, 50), ((0, 0, 0), (5, 0, 0)))
    bpy.data.scenes.new("second").collection.objects.link(other)
    rig["note"] = "mine"
    empty_scene.frame_start, empty_scene.frame_end = 3, 77
    empty_scene.frame_set(17, subframe=0.25)
    rig.pose.bones["hips"].location = (1, 2, 3)         # posed by hand, not keyed: a change of frame would lose it
    rig.pose.bones["spine"].rotation_quaternion = (0.5, 0.5, 0.5, 0.5)
    bpy.data.objects["carrier"].location = (7, 8, 9)
    other.select_set(True)
    bpy.context.view_layer.objects.active = other
    bpy.context.view_layer.update()
    return empty_scene


@pytest.mark.parametrize("format_name", FILES)
def test_nothing_in_the_file_changes(tmp_path, busy_file, format_name):
    before = whole_file(bpy.context)
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "out" / FILES[format_name]), armature="Hero", format=format_name)
    assert_same(before, whole_file(bpy.context))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [FILES[format_name]]


@pytest.mark.parametrize("mode", ["POSE", "EDIT"])
def test_nothing_changes_while_something_is_edited(tmp_path, busy_file, mode):
    active = bpy.data.objects["Hero" if mode == "POSE" else "other"]
    bpy.context.view_layer.objects.active = active
    bpy.ops.object.mode_set(mode=mode)
    before = whole_file(bpy.context)
    for name in FILES.values():
        bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / name), armature="Hero")
    assert_same(before, whole_file(bpy.context))


def test_nothing_changes_where_the_exporter_fails(tmp_path, busy_file):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "motion.glb").mkdir()
    before = whole_file(bpy.context)
    with pytest.raises(RuntimeError, match=r"Cannot write .*motion\.glb"):
        bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "taken" / "motion.glb"), armature="Hero")
    assert_same(before, whole_file(bpy.context))
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["motion.glb"]


def round_trip_error(tmp_path, scene, rig, frames, name="motion.glb") -> float:
    """Return how far joints are off (metres) after an export and an import."""
    before = heads(scene, rig, NAMES, frames)
    fps = scene.render.fps
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / name), armature=rig.name)
    format_name = "GLTF" if name.endswith(".glb") else "BVH"
    there, again = reimport(scene, tmp_path / name, fps)
    return float(np.abs(heads(there, again, NAMES, frames_there(format_name, frames)) - before).max())


def test_a_hidden_armature_is_exported_and_stays_hidden(tmp_path, empty_scene):
    rig = a_moving_rig(empty_scene)
    frames = np.arange(11, 41)
    before = heads(empty_scene, rig, NAMES, frames)
    rig.hide_viewport = True
    empty_scene.collection.children.link(collection := bpy.data.collections.new("excluded"))
    collection.objects.link(rig)
    empty_scene.collection.objects.unlink(rig)
    bpy.context.view_layer.layer_collection.children["excluded"].exclude = True
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "motion.glb"), armature="Hero")
    assert rig.hide_viewport and bpy.context.view_layer.layer_collection.children["excluded"].exclude
    scene, again = reimport(empty_scene, tmp_path / "motion.glb")
    after = heads(scene, again, NAMES, frames_there("GLTF", frames))
    assert np.abs(after - before).max() < MILLIMETRE


def test_an_armature_of_another_scene_keeps_that_scenes_rate(tmp_path, empty_scene):
    other = bpy.data.scenes.new("other")
    other.render.fps = 12
    rig = a_moving_rig(empty_scene)
    for thing in list(empty_scene.collection.objects):
        empty_scene.collection.objects.unlink(thing)
        other.collection.objects.link(thing)
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "motion.bvh"), armature=rig.name)
    assert "Frame Time: 0.0833333333" in (tmp_path / "motion.bvh").read_text()
    assert bpy.context.scene == empty_scene


def test_nla_strips_are_exported_where_there_is_no_action(tmp_path, empty_scene):
    rig = a_moving_rig(empty_scene)
    animation = rig.animation_data
    strip = animation.nla_tracks.new().strips.new("walk", 101, animation.action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = animation.action_slot
    animation.action = None
    assert round_trip_error(tmp_path, empty_scene, rig, np.arange(101, 131)) < MILLIMETRE


def test_an_actions_range_that_was_set_by_hand_counts(tmp_path, empty_scene):
    rig = a_moving_rig(empty_scene)
    action = rig.animation_data.action
    action.use_frame_range, action.frame_start, action.frame_end = True, 15, 24
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "motion.bvh"), armature="Hero")
    assert "Frames: 10\n" in (tmp_path / "motion.bvh").read_text()


@pytest.mark.parametrize("overridden", [False, True])
def test_a_linked_character_is_exported(tmp_path, empty_scene, overridden):
    rig = a_moving_rig(empty_scene)
    build_skin(empty_scene, rig)
    library = bpy.data.collections.new("hero")
    empty_scene.collection.children.link(library)
    for thing in list(empty_scene.collection.objects):
        library.objects.link(thing)
    frames = np.arange(11, 41)
    expected = heads(empty_scene, rig, NAMES, frames)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_there, wanted):
        wanted.collections = ["hero"]
    scene = bpy.context.scene
    scene.render.fps = 30
    if overridden:
        place_and_override(scene, wanted.collections[0])
    else:
        scene.collection.children.link(wanted.collections[0])
    scene.frame_set(5)
    before = whole_file(bpy.context)
    for name in ("motion.fbx", "motion.glb"):
        bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / name), armature="Hero")
    assert_same(before, whole_file(bpy.context))
    for name, format_name in (("motion.fbx", "UNITY"), ("motion.glb", "GLTF")):
        there, again = reimport(scene, tmp_path / name)
        assert again.name == "Hero" and "skin" in bpy.data.objects
        assert np.abs(heads(there, again, NAMES, frames_there(format_name, frames)) - expected).max() < MILLIMETRE


def test_an_exporter_whose_addon_is_off_is_used_and_stays_off(tmp_path, empty_scene):
    a_moving_rig(empty_scene)
    addon_utils.disable("io_scene_fbx", default_set=True)
    try:
        bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "motion.fbx"), armature="Hero")
        assert (tmp_path / "motion.fbx").is_file() and addon_utils.check("io_scene_fbx") == (False, False)
    finally:
        addon_utils.enable("io_scene_fbx", default_set=True)


def test_meshes_and_control_bones_are_a_choice(tmp_path, empty_scene):
    build_skin(empty_scene, a_moving_rig(empty_scene))
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "all.glb"), armature="Hero", deform_only=False, with_meshes=False)
    _scene, again = reimport(empty_scene, tmp_path / "all.glb")
    assert "foot IK.R" in again.data.bones and "skin" not in bpy.data.objects


def test_the_active_mesh_stands_for_its_armature(tmp_path, empty_scene):
    skin = build_skin(empty_scene, a_moving_rig(empty_scene))
    bpy.context.view_layer.objects.active = skin
    bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "hero"), format="BVH", scale=100.0)
    assert "ROOT" in (tmp_path / "hero.bvh").read_text()


def edit_mode(rig):
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")


def rest_position(rig):
    rig.data.pose_position = "REST"


def no_action(rig):
    rig.animation_data_clear()


def no_scene(rig):
    for collection in rig.users_collection:
        collection.objects.unlink(rig)


@pytest.mark.parametrize("spoil, words", [
    (edit_mode, "is in Edit Mode"), (rest_position, "rest position"), (no_action, "has no motion"),
    (no_scene, "is in no scene")])
def test_an_armature_that_cannot_be_exported_is_reported(tmp_path, empty_scene, spoil, words):
    rig = a_moving_rig(empty_scene)
    spoil(rig)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.export_motion(filepath=str(tmp_path / "motion.fbx"), armature="Hero")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call, words", [
    ({"filepath": "motion.fbx", "armature": "Nobody"}, "no armature named “Nobody”"),
    ({"filepath": "motion.fbx"}, "No armature is chosen"),
    ({"filepath": "", "armature": "Hero"}, "No file given"),
    ({"filepath": "motion.abc", "armature": "Hero"}, "ends in no format"),
    ({"filepath": "/proc/nowhere/motion.fbx", "armature": "Hero"}, "Cannot write"),
])
def test_a_wrong_call_is_reported(empty_scene, call, words):
    a_moving_rig(empty_scene)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.export_motion(**call)
