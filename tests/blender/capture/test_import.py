import json
import pickle
from datetime import datetime

import bpy
import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.shared.motion_file import write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES, forward_kinematics
from tests.blender.motion_samples import random_motion, write_capture

TENTH_OF_A_MILLIMETRE = 1e-4


def _armatures() -> list:
    return [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]


def _fcurves(datablock) -> list:
    animation = datablock.animation_data
    action = animation.action
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    return list(action.layers[0].strips[0].channelbag(animation.action_slot).fcurves)


def _fk_joints(motion) -> np.ndarray:
    return forward_kinematics(rotmat_from_rotvec(motion.poses.reshape(-1, 24, 3)), motion.rest_joints, motion.trans)[1]


def _head_positions(scene, armature_object, frame: float) -> np.ndarray:
    scene.frame_set(int(frame // 1), subframe=float(frame % 1))
    evaluated = armature_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([evaluated.matrix_world @ evaluated.pose.bones[name].head for name in JOINT_NAMES])


def test_bone_heads_are_the_files_joints_on_every_frame(tmp_path, empty_scene):
    motion = random_motion(60)
    write_motion(tmp_path / "walk.npz", motion)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    (armature_object,) = _armatures()
    expected = _fk_joints(motion)
    worst = max(np.abs(_head_positions(empty_scene, armature_object, 1 + frame) - expected[frame]).max()
                for frame in range(60))
    print(f"bone heads against forward kinematics: {worst * 1000:.5f} mm at worst, Blender {bpy.app.version_string}")
    assert worst < TENTH_OF_A_MILLIMETRE


@pytest.mark.parametrize("fps, base", [(24, 1.0), (25, 1.0), (30, 1.001), (60, 1.0)])
def test_the_motion_keeps_the_videos_speed_in_any_scene(tmp_path, empty_scene, fps, base):
    empty_scene.render.fps, empty_scene.render.fps_base = fps, base
    motion = random_motion(20, timestamps=3.0 + np.arange(20) / 30)
    write_motion(tmp_path / "walk.npz", motion)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), start_frame=11)
    (armature_object,) = _armatures()
    expected = _fk_joints(motion)
    for index in range(20):
        frame = 11 + index / 30 * fps / base
        heads = _head_positions(empty_scene, armature_object, frame)
        assert np.abs(heads - expected[index]).max() < TENTH_OF_A_MILLIMETRE
    assert empty_scene.render.fps == fps and empty_scene.render.fps_base == pytest.approx(base)


def test_the_scene_takes_the_videos_rate_and_range_only_when_asked(tmp_path, empty_scene):
    write_motion(tmp_path / "walk.npz", random_motion(400, framerate=29.97))
    before = (empty_scene.render.fps, empty_scene.frame_start, empty_scene.frame_end)
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    assert (empty_scene.render.fps, empty_scene.frame_start, empty_scene.frame_end) == before
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), timing="SET", extend_range=True)
    assert empty_scene.render.fps / empty_scene.render.fps_base == pytest.approx(29.97, rel=1e-6)
    assert empty_scene.frame_end == 400
    keys = np.empty(2 * 400)
    _fcurves(_armatures()[1])[0].keyframe_points.foreach_get("co", keys)
    np.testing.assert_array_equal(keys[::2], np.arange(1, 401))


def test_quaternions_never_change_sign_and_keys_are_linear_in_groups(tmp_path):
    turning = np.zeros((300, 72))
    turning[:, 3:6] = np.linspace(0, 30, 300)[:, None] * (0.6, 0.0, 0.8)
    write_motion(tmp_path / "turn.npz", random_motion(300, poses=turning))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "turn.npz"))
    curves = [curve for curve in _fcurves(_armatures()[0]) if curve.data_path.startswith("pose.bones")]
    assert len(curves) == 24 * 4 + 3
    path = 'pose.bones["left_hip"].rotation_quaternion'
    quats = np.array([[key.co[1] for key in curve.keyframe_points] for curve in curves if curve.data_path == path]).T
    assert quats.shape == (300, 4) and (np.sum(quats[1:] * quats[:-1], axis=1) > 0.9).all()
    assert {key.interpolation for curve in curves for key in curve.keyframe_points} == {"LINEAR"}
    assert {curve.group.name for curve in curves} == set(JOINT_NAMES)


def test_bones_have_smpls_names_point_along_the_limbs_and_are_not_connected(tmp_path):
    write_motion(tmp_path / "walk.npz", random_motion(2))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"))
    (armature_object,) = _armatures()
    bones = armature_object.data.bones
    assert [bone.name for bone in bones if bone.parent is None] == ["pelvis"]
    assert set(bones.keys()) == set(JOINT_NAMES) and not any(bone.use_connect for bone in bones)
    for name, child in (("left_knee", "left_ankle"), ("right_elbow", "right_wrist"), ("spine3", "neck")):
        assert (bones[name].tail_local - bones[child].head_local).length < 1e-6
    for left in (name for name in JOINT_NAMES if name.startswith("left_")):
        right_axes = bones[left.replace("left_", "right_")].matrix_local.to_3x3()
        left_axes = bones[left].matrix_local.to_3x3()
        for axis, sign in ((1, 1), (2, 1), (0, -1)):  # mirrored bones have mirrored rolls
            mirrored = right_axes.col[axis].copy()
            mirrored.x *= -1
            assert (mirrored * sign - left_axes.col[axis]).length < 1e-4, (left, axis)


def test_relaxed_hands_turn_hand_bones_only(tmp_path):
    poses = random_motion(5).poses.copy()
    poses[:, 66:] = 0
    write_motion(tmp_path / "walk.npz", random_motion(5, poses=poses))
    for relax in (True, False):
        bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), relax_hands=relax)
    relaxed, stiff = ({(curve.data_path, curve.array_index): curve.keyframe_points[0].co[1] for curve in _fcurves(armature)}
                      for armature in _armatures())
    changed = {path.split('"')[1] for (path, index) in relaxed if abs(relaxed[path, index] - stiff[path, index]) > 1e-6}
    assert changed == {"left_hand", "right_hand"}


def test_everybody_of_a_folder_comes_into_one_collection_in_step(tmp_path, empty_scene):
    late = random_motion(10, seed=2, timestamps=1.0 + np.arange(10) / 30)
    write_capture(tmp_path / "capture", [random_motion(30), late], video="/nowhere/dance.mp4")
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "capture"))
    collection = bpy.data.collections["dance"]
    assert [thing.type for thing in collection.objects].count("ARMATURE") == 2
    assert collection.name in empty_scene.collection.children
    second = bpy.data.objects["dance person 2"]
    assert _fcurves(second)[0].keyframe_points[0].co[0] == 31
    actions = {armature.animation_data.action for armature in _armatures()}
    assert len(actions) == 2
    assert "dance.mp4" in bpy.context.window_manager.mpsnet.warning


def test_one_broken_file_is_reported_and_leaves_nothing(tmp_path):
    folder = write_capture(tmp_path / "capture", [random_motion(5), random_motion(5, seed=2)], video="/nowhere/dance.mp4")
    (folder / "person_01.npz").write_bytes(b"not a zip")
    bpy.ops.mpsnet.import_motion(filepath=str(folder))
    assert [armature.name for armature in _armatures()] == ["dance person 2"]
    assert (len(bpy.data.armatures), len(bpy.data.actions)) == (1, 1)
    assert "person_01.npz" in bpy.context.window_manager.mpsnet.warning


def test_errors_name_the_file_and_leave_nothing(tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"nonsense")
    with pytest.raises(RuntimeError, match=r"bad\.npz"):
        bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "bad.npz"))
    with pytest.raises(RuntimeError, match=r"missing\.npz"):
        bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "missing.npz"))
    assert not bpy.data.collections and not bpy.data.objects and not bpy.data.actions


def test_a_plain_amass_file_is_imported(tmp_path, empty_scene):
    motion = random_motion(12)
    poses = np.zeros((12, 156))
    poses[:, :66] = motion.poses[:, :66]
    np.savez(tmp_path / "amass.npz", poses=poses, trans=motion.trans, betas=np.zeros(16), mocap_framerate=120.0,
             gender="female")
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "amass.npz"))
    (armature_object,) = _armatures()
    assert _fcurves(armature_object)[0].keyframe_points[-1].co[0] == pytest.approx(1 + 11 / 120 * 30)
    assert not bpy.data.cameras


@pytest.mark.parametrize(("up_axis", "warning", "trunk"), [
    ("auto", "has Y up: it was stood up", (0, 0, 1)), ("z", "", (0, 1, 0))])
def test_a_file_with_y_up_stands_unless_it_is_told_not_to(tmp_path, empty_scene, up_axis, warning, trunk):
    np.savez(tmp_path / "beat.npz", poses=np.zeros((4, 165)), trans=np.tile((0.0, 1.3, 0.0), (4, 1)))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "beat.npz"), up_axis=up_axis, source_fps=15)
    assert warning in bpy.context.window_manager.mpsnet.warning
    (armature_object,) = _armatures()
    empty_scene.frame_set(1)
    bones = armature_object.pose.bones
    direction = (bones["neck"].head - bones["pelvis"].head).normalized()
    assert direction.dot(trunk) > 0.95
    assert _fcurves(armature_object)[0].keyframe_points[-1].co[0] == pytest.approx(1 + 3 / 15 * 30)


def test_a_dropped_people_json_imports_its_whole_capture(tmp_path, empty_scene):
    folder = write_capture(tmp_path / "capture", [random_motion(5, seed=number) for number in range(2)])
    handler = bpy.types.FileHandler.bl_rna_get_subclass_py("MPSNET_FH_motion")
    assert set(handler.bl_file_extensions.split(";")) == {".npz", ".json", ".pt", ".pkl", ".smpl"}
    area, operator = handler.bl_import_operator.split(".")
    getattr(getattr(bpy.ops, area), operator)(filepath=str(folder / "people.json"))
    assert sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 2


def test_two_people_of_another_systems_result_are_imported_together(tmp_path, empty_scene):
    people = {key: {"pose_world": np.zeros((8, 72)), "trans_world": np.tile((key, 0.0, 0.0), (8, 1)), "betas": np.zeros((8, 10)),
                    "frame_ids": np.arange(8) + 3 * key} for key in range(2)}
    (tmp_path / "wham_output.pkl").write_bytes(pickle.dumps(people))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "wham_output.pkl"), source_fps=25.0)
    first, second = sorted(_armatures(), key=lambda thing: thing.name)
    empty_scene.render.fps = 25
    heads = [_head_positions(empty_scene, armature_object, 4) for armature_object in (first, second)]
    for head in heads:
        assert 0.0 < head[JOINT_NAMES.index("left_ankle"), 2] < 0.15 and 1.4 < head[JOINT_NAMES.index("head"), 2] < 1.7
    labels = {person.label for person in bpy.context.window_manager.mpsnet.people}
    assert labels == {"wham_output_person_01", "wham_output_person_02"}


def test_a_folder_of_another_systems_frames_is_imported(tmp_path, empty_scene):
    folder = tmp_path / "my easymocap" / "smpl"
    folder.mkdir(parents=True)
    for frame in range(8):
        person = {"id": 0, "Rh": [[np.pi / 2, 0, 0]], "Th": [[0.1 * frame, 0, 1.0]], "poses": [[0.0] * 72]}
        (folder / f"{frame:06d}.json").write_text(json.dumps([person]))
    assert bpy.ops.mpsnet.import_motion(filepath=f"{folder}/") == {"FINISHED"}
    (armature_object,) = _armatures()
    first, last = (_head_positions(empty_scene, armature_object, frame) for frame in (1, 8))
    np.testing.assert_allclose(last - first, np.tile((0.7, 0, 0), (24, 1)), atol=1e-4)
    (collection,) = armature_object.users_collection
    assert collection.mpsnet_take.date == datetime.fromtimestamp(folder.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
