"""The mannequin in Blender: it follows its armature, in every unit, and belongs to it."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.motion.base.rest_pose import build_rest_pose
from mpsnet_blender.shared.motion_file import write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_NAMES
from tests.blender.motion_samples import random_motion, write_capture


def _imported(tmp_path, motion=None, **options):
    """Import a motion and return its armature and its body."""
    write_motion(tmp_path / "walk.npz", random_motion(5) if motion is None else motion)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), **options)
    (armature_object,) = (thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")
    return armature_object, next((thing for thing in bpy.context.scene.objects if thing.type == "MESH"), None)


def _vertices(thing, is_posed: bool) -> np.ndarray:
    if is_posed:
        thing = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    vertices = np.empty(3 * len(thing.data.vertices), dtype=np.float32)
    thing.data.vertices.foreach_get("co", vertices)
    return vertices.reshape(-1, 3).astype(float)


def test_the_body_is_named_after_the_person_and_moved_by_the_armature(tmp_path):
    rig, body = _imported(tmp_path)
    assert (rig.name, body.name, body.data.name, body.data.materials[0].name) == ("walk", *["walk body"] * 3)
    assert body.parent == rig and [modifier.object for modifier in body.modifiers] == [rig]
    assert body.vertex_groups.keys() == list(JOINT_NAMES)
    assert {polygon.use_smooth for polygon in body.data.polygons} == {True}
    assert not body.data.validate()
    assert rig.users_collection == body.users_collection


@pytest.mark.parametrize("scale", [1.0, 0.01, 0.001])
def test_the_body_has_the_persons_stature_in_every_unit(tmp_path, empty_scene, scale):
    empty_scene.unit_settings.scale_length = scale
    motion = random_motion(5)
    _, body = _imported(tmp_path, motion)
    heights = _vertices(body, is_posed=False)[:, 2] * scale
    assert heights.min() == pytest.approx(0, abs=1e-4)
    assert heights.max() == pytest.approx(build_rest_pose(motion.rest_joints).tails[JOINT["head"], 2], abs=0.02)


def test_a_resting_pose_leaves_the_body_in_its_rest_shape(tmp_path):
    rig, body = _imported(tmp_path)
    rig.data.pose_position = "REST"
    bpy.context.view_layer.update()
    np.testing.assert_allclose(_vertices(body, is_posed=True), _vertices(body, is_posed=False), atol=1e-5)


def test_hands_and_feet_of_the_body_go_where_the_bones_go(tmp_path, empty_scene):
    rig, body = _imported(tmp_path)
    empty_scene.frame_set(3)
    rest, posed = _vertices(body, is_posed=False), _vertices(body, is_posed=True)
    for name in ("head", "left_hand", "right_foot", "left_knee"):
        group = body.vertex_groups[name].index
        whole = [vertex.index for vertex in body.data.vertices
                 if any(weight.group == group and weight.weight > 0.9999 for weight in vertex.groups)]
        bone = rig.pose.bones[name]
        moved = np.array(bone.matrix @ bone.bone.matrix_local.inverted())
        expected = rest[whole] @ moved[:3, :3].T + moved[:3, 3]
        assert len(whole) > 50
        np.testing.assert_allclose(posed[whole], expected, atol=1e-3)


def test_vertex_weights_sum_to_one(tmp_path):
    _, body = _imported(tmp_path)
    sums = np.array([sum(weight.weight for weight in vertex.groups) for vertex in body.data.vertices])
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_people_differ_in_colour_in_workbench_and_in_the_shader(tmp_path):
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", [random_motion(5, seed=n) for n in range(4)])))
    materials = [thing.data.materials[0] for thing in bpy.data.objects if thing.type == "MESH" and thing.users_scene]
    colours = {tuple(material.diffuse_color) for material in materials}
    assert len(colours) == 4
    for material in materials:
        (shader,) = (node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        np.testing.assert_allclose(shader.inputs["Base Color"].default_value[:], material.diffuse_color[:])
        assert any(link.from_node == shader and link.to_node.type == "OUTPUT_MATERIAL" for link in material.node_tree.links)


def test_bones_only_makes_no_mesh_and_shows_the_bones_in_front(tmp_path):
    rig, body = _imported(tmp_path, with_body=False)
    assert body is None and rig.show_in_front and not bpy.data.materials


def test_the_settings_of_the_scene_decide_where_a_call_does_not(tmp_path, empty_scene):
    empty_scene.mpsnet.with_body = empty_scene.mpsnet.only_while_seen = False
    rig, body = _imported(tmp_path)
    assert body is None
    assert rig.animation_data.action.frame_range[:] == (1, 5)


def test_shapes_of_bones_meet_and_toes_reach_down_while_bones_stay_at_the_joints(tmp_path):
    motion = random_motion(5)
    rig, _ = _imported(tmp_path, motion)
    rest = build_rest_pose(motion.rest_joints)
    branches = {"pelvis": ("spine1", "left_hip", "right_hip"), "spine3": ("neck", "left_collar", "right_collar")}
    for name, children in branches.items():
        bone = rig.pose.bones[name]
        shape = np.array([bone.bone.matrix_local @ vertex.co for vertex in bone.custom_shape.data.vertices])
        for child in (name, *children):
            assert np.linalg.norm(shape - rest.heads[JOINT[child]], axis=1).min() < 1e-5, (name, child)
        for face in bone.custom_shape.data.polygons:  # faces turned inwards would not be drawn
            octahedron = bone.custom_shape.data.vertices[6 * (face.vertices[0] // 6):][:6]
            middle = np.mean([vertex.co for vertex in octahedron], axis=0)
            assert np.dot(face.normal, np.array(face.center) - middle) > 0
    for name in ("left_foot", "right_foot"):
        bone = rig.pose.bones[name]
        assert min((bone.bone.matrix_local @ vertex.co).z for vertex in bone.custom_shape.data.vertices) < 0.015
    head = rig.pose.bones["head"]
    assert max(vertex.co.y for vertex in head.custom_shape.data.vertices) == pytest.approx(0.85 * head.bone.length)
    np.testing.assert_allclose([rig.data.bones[name].head_local for name in JOINT_NAMES], rest.heads, atol=1e-6)
    np.testing.assert_allclose([rig.data.bones[name].tail_local for name in JOINT_NAMES], rest.tails, atol=1e-6)


def test_a_bone_is_selected_so_that_the_dope_sheet_shows_keys(tmp_path):
    rig, _ = _imported(tmp_path)
    selected = [bone.name for bone in rig.pose.bones if (bone if hasattr(bone, "select") else bone.bone).select]
    assert selected == ["pelvis"] and bpy.context.view_layer.objects.active == rig


def test_a_failed_import_leaves_no_part_of_a_body(tmp_path, extension, monkeypatch):
    write_motion(tmp_path / "walk.npz", random_motion(5))
    importer = extension("scene.capture.capture_import")

    def fail(*_arguments):
        raise RuntimeError("no camera")

    monkeypatch.setattr(importer, "build_camera", fail)
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    kinds = (bpy.data.objects, bpy.data.meshes, bpy.data.armatures, bpy.data.materials, bpy.data.actions, bpy.data.collections)
    assert [len(kind) for kind in kinds] == [0] * len(kinds)


def test_an_appended_person_keeps_body_shapes_and_visibility(tmp_path, empty_scene):
    _imported(tmp_path)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "file.blend")) as (_, wanted):
        wanted.collections = ["walk"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    rig, body = bpy.data.objects["walk"], bpy.data.objects["walk body"]
    assert body.modifiers[0].object == rig and rig.pose.bones["pelvis"].custom_shape is not None
    for frame, is_hidden in ((3, False), (7, True)):
        bpy.context.scene.frame_set(frame)
        assert body.evaluated_get(bpy.context.evaluated_depsgraph_get()).hide_viewport == is_hidden
