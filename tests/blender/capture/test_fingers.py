"""Finger bones: made where the file has fingers, and posed as the file says."""

import bpy
import numpy as np
import pytest

from mpsnet_blender.motion.base.smpl_motion import make_file_motion
from mpsnet_blender.scene.base.motion_storage import read_stored_motion
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.hands.skeleton import FULL_JOINT_NAMES, HAND_JOINT_NAMES
from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.motion_samples import random_motion
from tests.made_hands import FIST, make_gesture


def random_hands(frames):
    generator = np.random.default_rng(5)
    confidence = np.zeros((frames, 2))
    confidence[:frames // 2, 0], confidence[:, 1] = 0.9, 0.5
    return make_hand_poses(generator.normal(scale=0.4, size=(frames, 30, 3)), confidence)


def import_one(path, motion, **options):
    write_motion(path, motion)
    bpy.ops.mpsnet.import_motion(filepath=str(path), **options)
    return bpy.context.view_layer.objects.active


def test_fingers_get_15_bones_a_hand_and_other_files_none(tmp_path):
    plain = import_one(tmp_path / "plain.npz", random_motion(3))
    assert len(plain.data.bones) == 24 and not plain.mpsnet_cleanup.is_property_set("left_hand_seen_share")
    armature = import_one(tmp_path / "hands.npz", random_motion(4, hands=random_hands(4)))
    assert [bone.name for bone in armature.data.bones if bone.name not in plain.data.bones] == list(HAND_JOINT_NAMES)
    bones = armature.data.bones
    assert {bone.name for bone in armature.data.collections["Fingers"].bones} == set(HAND_JOINT_NAMES)
    assert not plain.data.collections.get("Fingers")
    assert bones["left_index1"].parent == bones["left_wrist"] and bones["right_thumb3"].parent == bones["right_thumb2"]
    assert (bones["left_ring1"].tail_local - bones["left_ring2"].head_local).length < 1e-6
    assert armature.mpsnet_cleanup.left_hand_seen_share == pytest.approx(0.5)
    assert armature.mpsnet_cleanup.right_hand_seen_share == 1.0


def test_the_bones_stand_where_forward_kinematics_puts_the_joints(tmp_path):
    motion = random_motion(6, hands=random_hands(6))
    armature = import_one(tmp_path / "hands.npz", motion, relax_hands=False)
    body = make_file_motion(motion)
    expected = body.pose_fully(body.full_rotmats, body.transl)
    for frame in (0, 3, 5):
        bpy.context.scene.frame_set(int(armature.mpsnet_cleanup.first_frame) + frame)
        heads = np.array([armature.matrix_world @ armature.pose.bones[name].head for name in FULL_JOINT_NAMES])
        np.testing.assert_allclose(heads, expected[frame], atol=1e-4)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_fist_turns_each_finger_bone_about_its_minus_x_towards_the_palm(tmp_path, side):
    armature = import_one(tmp_path / "fist.npz", random_motion(2, poses=np.zeros((2, 72)), hands=make_gesture(FIST, 2)))
    bpy.context.scene.frame_set(int(armature.mpsnet_cleanup.first_frame) + 1)
    for finger in ("index", "middle", "ring", "pinky", "thumb"):
        for place in (1, 2, 3):
            axis, angle = armature.pose.bones[f"{side}_{finger}{place}"].matrix_basis.to_quaternion().to_axis_angle()
            assert np.degrees(angle) == pytest.approx(FIST[finger][place - 1], abs=0.01)
            assert axis.x == pytest.approx(-1, abs=1e-4), (finger, place)


def test_a_hand_of_which_nothing_is_known_is_relaxed(tmp_path):
    hands = make_hand_poses(np.zeros((3, 30, 3)), np.zeros((3, 2)))
    armature = import_one(tmp_path / "flat.npz", random_motion(3, hands=hands))
    turn = armature.pose.bones["right_middle2"].matrix_basis.to_quaternion()
    assert np.degrees(turn.angle) == pytest.approx(26, abs=0.01)
    stiff = import_one(tmp_path / "flat.npz", random_motion(3, hands=hands), relax_hands=False)
    assert stiff.pose.bones["right_middle2"].matrix_basis.to_quaternion().angle == pytest.approx(0, abs=1e-6)


def test_clean_up_smooths_the_fingers_and_reset_brings_them_back(tmp_path):
    armature = import_one(tmp_path / "hands.npz", random_motion(30, hands=random_hands(30)))

    def steps():
        path = 'pose.bones["left_index2"].rotation_quaternion'
        curves = [curve for curve in _fcurves(armature) if curve.data_path == path]
        values = np.array([[key.co[1] for key in curve.keyframe_points] for curve in curves])
        return np.abs(np.diff(values, axis=1)).mean()

    raw = steps()
    bpy.ops.mpsnet.clean_motion(armature=armature.name, smooth_fingers=1.0, foot_lock=0.0)
    assert steps() < 0.5 * raw
    bpy.ops.mpsnet.reset_motion(armature=armature.name)
    assert steps() == pytest.approx(raw, rel=1e-5)
    np.testing.assert_array_equal(read_stored_motion(armature).hands.rotvecs, random_hands(30).rotvecs)


def test_a_removed_finger_bone_is_named_by_clean_up(tmp_path):
    armature = import_one(tmp_path / "hands.npz", random_motion(3, hands=random_hands(3)))
    bpy.ops.object.mode_set(mode="EDIT")
    armature.data.edit_bones.remove(armature.data.edit_bones["left_ring3"])
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RuntimeError, match=r"lacks the bones left_ring3"):
        bpy.ops.mpsnet.clean_motion(armature=armature.name)


def _fcurves(armature):
    action = armature.animation_data.action
    return action.fcurves if not hasattr(action, "layers") else action.layers[0].strips[0].channelbags[0].fcurves
