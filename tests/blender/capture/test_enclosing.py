"""Objects of the user's in which imported people stand: named after an import, hidden on request, otherwise untouched."""

import bmesh
import bpy
import pytest

from tests.blender.motion_samples import random_motion, write_capture


@pytest.fixture
def add_box(empty_scene):
    """Return a function that adds a box of 2 x 2 x 2 m, at a place; its faces look inside on request."""
    def add(location=(0, 0, 0), is_inside_out=False, name="Cube"):
        mesh = bpy.data.meshes.new(name)
        built = bmesh.new()
        bmesh.ops.create_cube(built, size=2.0)
        if is_inside_out:
            bmesh.ops.reverse_faces(built, faces=built.faces)
        built.to_mesh(mesh)
        thing = bpy.data.objects.new(name, mesh)
        thing.location = location
        empty_scene.collection.objects.link(thing)
        bpy.context.view_layer.update()
        return thing
    return add


@pytest.fixture
def import_walk(tmp_path):
    folder = write_capture(tmp_path / "capture", [random_motion(5)], video="/nowhere/dance.mp4")

    def run() -> str:
        assert bpy.ops.mpsnet.import_motion(filepath=str(folder)) == {"FINISHED"}
        return bpy.context.window_manager.mpsnet.enclosing
    return run


@pytest.fixture
def pelvis(import_walk):
    """Return where the person's pelvis is at first, metres."""
    import_walk()
    (armature,) = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    bpy.context.scene.frame_set(1)
    return (armature.matrix_world @ armature.pose.bones["pelvis"].matrix).translation.copy()


def test_a_box_around_somebody_is_named_and_hidden_by_one_click(add_box, import_walk, pelvis):
    box = add_box(pelvis)
    assert import_walk() == "Cube"
    assert box.visible_get()
    assert bpy.ops.mpsnet.hide_enclosing() == {"FINISHED"}
    assert not box.visible_get() and not box.hide_render and box.location == pelvis
    with pytest.raises(RuntimeError, match="No object encloses"):
        bpy.ops.mpsnet.hide_enclosing()


@pytest.mark.parametrize(("offset", "changes"), [((1.5, 0, 0), {}), ((0, 0, 0), {"is_inside_out": True})])
def test_a_box_beside_somebody_and_a_room_are_not_named(add_box, import_walk, pelvis, offset, changes):
    add_box([place + move for place, move in zip(pelvis, offset, strict=True)], **changes)
    assert import_walk() == ""


def test_hidden_boxes_and_the_bodies_of_earlier_imports_are_not_named(add_box, import_walk, pelvis):
    add_box(pelvis).hide_set(True)
    assert import_walk() == ""
