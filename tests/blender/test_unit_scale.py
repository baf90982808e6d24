"""Scenes whose unit is not the metre: imported people and exported files have the right size in metres."""

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from mpsnet_blender.shared.motion_file import write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES
from tests.blender.characters import build_rig, build_skin, heads, key
from tests.blender.export.test_export import FILES, WITH_MESHES, frames_there, imported_capture, reimport, world_points
from tests.blender.motion_samples import random_motion

SCALES = (1.0, 0.01, 0.001)
MILLIMETRE = 1e-3


def _calm_motion(frame_count: int = 30, **changes):
    """Return somebody who stands and sways, feet on the floor all the time."""
    motion = random_motion(frame_count)
    poses = np.zeros((frame_count, 72))
    poses[:, 0] = np.pi / 2  # from SMPL's Y up to Z up
    poses[:, 5] = 0.2 * np.sin(np.arange(frame_count) / 5)
    trans = np.zeros((frame_count, 3)) - motion.rest_joints[0] + (0.2, 0.1, 0.95)
    return random_motion(frame_count, poses=poses, trans=trans, contacts=np.ones((frame_count, 4)), **changes)


def _import(tmp_path, scene, motion, unit_scale: float) -> bpy.types.Object:
    scene.unit_settings.scale_length = unit_scale
    return imported_capture(tmp_path, motion)




@pytest.mark.parametrize("unit_scale", SCALES)
def test_people_are_imported_as_long_as_the_scene_means(tmp_path, empty_scene, unit_scale):
    motion = random_motion(20)
    metres = heads(empty_scene, _import(tmp_path, empty_scene, motion, 1.0), JOINT_NAMES, [1, 20])
    bpy.data.batch_remove(list(bpy.data.objects))
    units = heads(empty_scene, _import(tmp_path, empty_scene, motion, unit_scale), JOINT_NAMES, [1, 20])
    assert np.abs(units * unit_scale - metres).max() < 0.1 * MILLIMETRE


def test_without_a_unit_system_a_unit_is_a_metre(tmp_path, empty_scene):
    empty_scene.unit_settings.system = "NONE"
    rig = _import(tmp_path, empty_scene, _calm_motion(), 0.01)
    assert heads(empty_scene, rig, ["pelvis"], [1])[0, 0, 2] == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("unit_scale", SCALES)
@pytest.mark.parametrize("format_name", FILES)
def test_an_exported_capture_comes_back_in_metres(tmp_path, empty_scene, format_name, unit_scale):
    rig = _import(tmp_path, empty_scene, random_motion(20), unit_scale)
    frames = np.array((1, 7, 20))
    metres = unit_scale * heads(empty_scene, rig, JOINT_NAMES, frames)
    path = tmp_path / FILES[format_name]
    bpy.ops.mpsnet.export_motion(filepath=str(path), armature=rig.name, format=format_name)
    scene, again = reimport(empty_scene, path)
    after = heads(scene, again, JOINT_NAMES, frames_there(format_name, frames))
    assert np.ptp(metres[..., 2]) > 0.5
    print(f"{format_name} at {unit_scale}: {np.abs(after - metres).max() * 1000:.4f} mm at worst, {bpy.app.version_string}")
    assert np.abs(after - metres).max() < 0.1 * MILLIMETRE


@pytest.mark.parametrize("unit_scale", SCALES[1:])
@pytest.mark.parametrize("format_name", WITH_MESHES)
def test_a_users_character_is_exported_as_long_as_the_scene_means(tmp_path, empty_scene, format_name, unit_scale):
    empty_scene.unit_settings.scale_length = unit_scale
    size = 1 / unit_scale
    rig = build_rig(empty_scene, "Hero", {
        "hips": ((0, 0, 0.9 * size), (0, 0, 1.2 * size), None, False),
        "head": ((0, 0, 1.5 * size), (0, 0, 1.7 * size), "hips", False)})
    key(rig.pose.bones["hips"], "location", (1, 10), ((0, 0, 0), (0.3 * size, 0, 0)))
    key(rig, "location", (1, 10), ((0, 0, 0), (0, 2 * size, 0)))
    skin = build_skin(empty_scene, rig)
    frames, names = np.array((1, 5, 10)), ["hips", "head"]
    metres = unit_scale * heads(empty_scene, rig, names, frames)
    corners = unit_scale * world_points(empty_scene, skin, frames)
    path = tmp_path / FILES[format_name]
    bpy.ops.mpsnet.export_motion(filepath=str(path), armature="Hero", format=format_name)
    scene, again = reimport(empty_scene, path)
    there = frames_there(format_name, frames)
    assert np.abs(heads(scene, again, names, there) - metres).max() < 0.1 * MILLIMETRE
    (skin_again,) = [thing for thing in bpy.data.objects if thing.type == "MESH" and thing.find_armature()]
    found = world_points(scene, skin_again, there)
    # Importers may order corners otherwise, so each is compared to the nearest.
    apart = np.linalg.norm(found[:, :, None] - corners[:, None], axis=-1).min(axis=2)
    assert apart.max() < 0.1 * MILLIMETRE


@pytest.mark.parametrize("unit_scale", SCALES[1:])
def test_the_camera_sees_the_body_over_the_video(tmp_path, empty_scene, unit_scale):
    empty_scene.unit_settings.scale_length = unit_scale
    motion = random_motion(12, camera_frames=12)
    write_motion(tmp_path / "walk.npz", motion)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), match_resolution=True)
    camera, rig = bpy.data.objects["walk camera"], bpy.data.objects["walk"]
    for frame in range(12):
        empty_scene.frame_set(1 + frame)
        places = np.array([bone.head for bone in rig.pose.bones])
        in_camera = (places * unit_scale - motion.world_from_cam[frame, :3, 3]) @ motion.world_from_cam[frame, :3, :3]
        pixels = in_camera @ motion.camera_matrix.T
        seen = np.array([world_to_camera_view(empty_scene, camera, Vector(place)) for place in places])
        seen_pixels = seen[:, :2] * motion.image_size * (1, -1) + (0, motion.image_size[1])
        assert np.abs(seen_pixels - pixels[:, :2] / pixels[:, 2:]).max() < 0.1
        assert (camera.data.clip_start < seen[:, 2]).all() and (seen[:, 2] < camera.data.clip_end).all()


@pytest.mark.parametrize("unit_scale", SCALES[1:])
def test_a_clean_up_in_another_unit_does_the_same(tmp_path, empty_scene, unit_scale):
    motion = _calm_motion()
    settings = {"smooth_legs": 0.5, "smooth_trunk": 0.5, "foot_lock": 1.0, "from_origin": True}
    rig = _import(tmp_path, empty_scene, motion, 1.0)
    bpy.ops.mpsnet.clean_motion(armature=rig.name, floor_offset=0.1, **settings)
    metres = heads(empty_scene, rig, JOINT_NAMES, [1, 15, 30])
    bpy.data.batch_remove(list(bpy.data.objects))
    rig = _import(tmp_path, empty_scene, motion, unit_scale)
    bpy.ops.mpsnet.clean_motion(armature=rig.name, floor_offset=0.1 / unit_scale, **settings)
    assert np.abs(unit_scale * heads(empty_scene, rig, JOINT_NAMES, [1, 15, 30]) - metres).max() < 0.1 * MILLIMETRE
    bpy.ops.mpsnet.reset_motion(armature=rig.name)
    assert heads(empty_scene, rig, ["pelvis"], [1])[0, 0, 2] * unit_scale == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("unit_scale", SCALES[1:])
def test_a_retarget_in_another_unit_does_the_same(tmp_path, empty_scene, unit_scale):
    """A character 1.2 times as long, of the scene's unit, stands as high in metres whatever the unit is."""
    ankles = []
    for scale in (1.0, unit_scale):
        bpy.data.batch_remove(list(bpy.data.objects))
        source = _import(tmp_path, empty_scene, _calm_motion(), scale)
        target = source.copy()
        target.data, target.name, target.scale = source.data.copy(), "target", (1.2, 1.2, 1.2)
        target.animation_data_clear()
        target.mpsnet_cleanup.property_unset("motion")
        empty_scene.collection.objects.link(target)
        bpy.ops.mpsnet.retarget(source=source.name, target="target")
        ankles.append(scale * heads(empty_scene, target, ["pelvis", "left_ankle", "right_ankle"], [1, 10, 30]))
    assert ankles[0][0, 0, 2] == pytest.approx(1.2 * 0.95, abs=0.03)
    assert np.abs(ankles[0] - ankles[1]).max() < 0.2 * MILLIMETRE
