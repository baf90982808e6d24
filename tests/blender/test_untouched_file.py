"""An import only adds to the user's file, and Undo removes what it added."""

import bpy
import pytest

from tests.blender.motion_samples import random_motion, write_capture

MODES = ("OBJECT", "POSE", "EDIT_ARMATURE", "EDIT_MESH")


def _user_file(scene, mode: str):
    """Fill the scene with a mesh, a posed and animated armature and a camera, and go into the mode."""
    mesh = bpy.data.meshes.new("user mesh")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    armature_object = bpy.data.objects.new("user rig", bpy.data.armatures.new("user rig"))
    camera = bpy.data.objects.new("user camera", bpy.data.cameras.new("user camera"))
    things = (bpy.data.objects.new("user mesh", mesh), armature_object, camera)
    for thing in things:
        scene.collection.objects.link(thing)
        thing.select_set(thing.name != "user camera")
    scene.camera = things[2]
    bpy.context.view_layer.objects.active = armature_object
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature_object.data.edit_bones.new("user bone")
    bone.tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature_object.animation_data_create().action = bpy.data.actions.new("user action")
    if mode == "EDIT_MESH":
        bpy.context.view_layer.objects.active = things[0]
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="POSE" if mode == "POSE" else "EDIT")
    assert bpy.context.mode == mode


def _state(scene) -> dict:
    """Return everything of the file that an import must not change, by name."""
    layer = bpy.context.view_layer
    user_objects = [bpy.data.objects[name] for name in ("user mesh", "user rig", "user camera")]
    return {
        "mode": bpy.context.mode, "scenes": bpy.data.scenes.keys(),
        "scene": bpy.context.scene.name, "collection": bpy.context.collection.name,
        "active": layer.objects.active.name, "selected": sorted(thing.name for thing in layer.objects.selected),
        "objects": [(thing.name, thing.mode, tuple(map(tuple, thing.matrix_world))) for thing in user_objects],
        "action": bpy.data.objects["user rig"].animation_data.action.name,
        "rate": (scene.render.fps, scene.render.fps_base, scene.frame_start, scene.frame_end, scene.frame_current),
        "render": (scene.render.resolution_x, scene.render.resolution_y, scene.camera.name),
    }


def _names() -> dict[str, list[str]]:
    kinds = ("objects", "armatures", "cameras", "actions", "collections", "scenes", "images", "meshes")
    return {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_else_is_touched_in_any_mode(tmp_path, empty_scene, mode):
    folder = write_capture(tmp_path / "capture", [random_motion(5), random_motion(5, seed=1)])
    _user_file(empty_scene, mode)
    expected = _state(empty_scene)
    if mode == "OBJECT":  # as after Blender's own importers; elsewhere another active object would end the user's mode
        expected |= {"active": "capture person 1", "selected": ["capture person 1", "capture person 2"]}
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    assert _state(empty_scene) == expected
    assert sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 3


@pytest.mark.parametrize("mode", MODES)
def test_one_undo_takes_all_of_an_import_back(tmp_path, empty_scene, mode):
    folder = write_capture(tmp_path / "capture", [random_motion(5), random_motion(5, seed=1)])
    _user_file(empty_scene, mode)
    bpy.ops.ed.undo_push(message="Before")
    before, names = _state(empty_scene), _names()
    bpy.ops.mpsnet.import_motion("EXEC_DEFAULT", True, filepath=str(folder))
    assert _names() != names
    bpy.ops.ed.undo()
    assert _names() == names
    assert _state(bpy.context.scene) == before


def test_importing_twice_keeps_the_first(tmp_path):
    folder = write_capture(tmp_path / "capture", [random_motion(5)])
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    first = {action.name: action.frame_range[:] for action in bpy.data.actions}
    bpy.ops.mpsnet.import_motion(filepath=str(folder), start_frame=100)
    assert len(bpy.data.actions) == 2 * len(first)
    assert all(bpy.data.actions[name].frame_range[:] == span for name, span in first.items())


def test_an_import_that_undo_could_not_take_back_is_refused(tmp_path, empty_scene):
    folder = write_capture(tmp_path / "capture", [random_motion(5)])
    _user_file(empty_scene, "EDIT_MESH")
    bpy.ops.object.mode_set(mode="SCULPT")
    with pytest.raises(RuntimeError, match="Leave this mode first"):
        bpy.ops.mpsnet.import_motion(filepath=str(folder))
