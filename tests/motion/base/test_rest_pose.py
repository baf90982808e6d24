import numpy as np
import pytest

from mpsnet_blender.motion.base.coordinates import BLENDER_FROM_SMPL, blender_camera_matrix, blender_from_smpl
from mpsnet_blender.motion.base.rest_pose import (
    RELAXED_HAND_RADIANS,
    build_rest_pose,
    compute_basis_quats,
    compute_root_basis_locations,
    curl_hands,
)
from mpsnet_blender.motion.base.rotations import quat_from_rotvec, rotmat_from_quat, rotmat_from_rotvec, rotvec_from_rotmat
from mpsnet_blender.shared.motion_file import new_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, forward_kinematics, generic_rest_joints


def _random_bone_rotmats(seed: int = 3) -> np.ndarray:
    return rotmat_from_rotvec(np.random.default_rng(seed).normal(size=(JOINT_COUNT, 3)))


def test_the_body_faces_minus_y_with_its_head_up():
    np.testing.assert_array_equal(blender_from_smpl((0, 0, 1)), (0, -1, 0))
    np.testing.assert_array_equal(blender_from_smpl((0, 1, 0)), (0, 0, 1))
    np.testing.assert_array_equal(blender_from_smpl((1, 0, 0)), (1, 0, 0))
    assert np.linalg.det(BLENDER_FROM_SMPL) == pytest.approx(1)


def test_a_video_camera_at_the_origin_looks_along_its_z_in_blender_too():
    matrix = blender_camera_matrix(np.eye(4))
    np.testing.assert_array_equal(matrix @ (0, 0, -1, 0), (0, 0, 1, 0))
    np.testing.assert_array_equal(matrix @ (0, 1, 0, 0), (0, -1, 0, 0))


def test_the_rest_armature_stands_on_the_floor_over_the_origin():
    joints = generic_rest_joints(1.8) + (3.0, -2.0, 5.0)
    rest = build_rest_pose(joints, shod=False)
    np.testing.assert_allclose(build_rest_pose(joints).heads - rest.heads, np.tile((0, 0, 0.02), (JOINT_COUNT, 1)), atol=1e-12)
    np.testing.assert_allclose(rest.heads[0, :2], 0, atol=1e-12)
    assert rest.heads[JOINT["left_ankle"], 2] == pytest.approx(0.041 * 1.8, abs=0.02)
    assert rest.tails[JOINT["head"], 2] == pytest.approx(1.8, abs=0.1)
    assert rest.heads[:, 2].min() > 0


def test_bones_end_where_the_limb_goes_on_and_none_is_without_length():
    rest = build_rest_pose(generic_rest_joints())
    np.testing.assert_array_equal(rest.tails[JOINT["left_elbow"]], rest.heads[JOINT["left_wrist"]])
    np.testing.assert_array_equal(rest.tails[JOINT["spine3"]], rest.heads[JOINT["neck"]])
    flat = build_rest_pose(np.zeros((JOINT_COUNT, 3)))
    assert np.linalg.norm(flat.tails - flat.heads, axis=1).min() >= 0.01 - 1e-12


def test_basis_rotations_pose_the_bones_as_forward_kinematics_does():
    generator = np.random.default_rng(0)
    rotvecs = generator.normal(size=(20, JOINT_COUNT, 3))
    bones = _random_bone_rotmats()
    basis = rotmat_from_quat(compute_basis_quats(quat_from_rotvec(rotvecs), bones))
    posed = np.empty_like(basis)
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            posed[:, joint] = bones[joint] @ basis[:, joint]
        else:
            posed[:, joint] = posed[:, parent] @ bones[parent].T @ bones[joint] @ basis[:, joint]
    world, _ = forward_kinematics(rotmat_from_rotvec(rotvecs), generic_rest_joints(), np.zeros((20, 3)))
    np.testing.assert_allclose(posed, world @ BLENDER_FROM_SMPL.T @ bones, atol=1e-12)


def test_pelvis_yaw_turns_the_root_bone_about_z():
    upright = rotmat_from_rotvec((np.pi / 2, 0, 0))  # Y up to Z up
    yaw = rotmat_from_rotvec((0, 0, 0.7))
    rotvecs = np.zeros((1, JOINT_COUNT, 3))
    rotvecs[0, 0] = rotvec_from_rotmat(yaw @ upright)
    bones = np.broadcast_to(np.eye(3), (JOINT_COUNT, 3, 3))
    np.testing.assert_allclose(rotmat_from_quat(compute_basis_quats(quat_from_rotvec(rotvecs), bones))[0, 0], yaw, atol=1e-12)


def test_the_root_channel_takes_the_rest_head_to_its_place():
    places = np.array(((1, 1.8, 3.1), (4, 4.8, 6.1)))
    bone = rotmat_from_rotvec((0.3, 0.2, -0.5))
    channel = compute_root_basis_locations(places, np.array((0, 0, 1.0)), bone)
    np.testing.assert_allclose(channel @ bone.T + (0, 0, 1), places, atol=1e-12)


def test_relaxed_hands_curl_towards_the_palms_and_leave_moving_hands_alone():
    poses = np.zeros((3, 72))
    poses[1, 3 * JOINT["right_hand"]] = 0.1
    motion = curl_hands(new_motion(poses, np.zeros((3, 3)), 30.0, raw_poses=poses, raw_trans=np.zeros((3, 3))))
    relaxed = motion.poses.reshape(3, JOINT_COUNT, 3)
    finger = rotmat_from_rotvec(relaxed[0, JOINT["left_hand"]]) @ (1, 0, 0)
    assert np.degrees(np.arcsin(-finger[1])) == pytest.approx(np.degrees(RELAXED_HAND_RADIANS))
    assert not relaxed[2, JOINT["right_hand"]].any()
    assert not np.delete(relaxed, JOINT["left_hand"], axis=1)[[0, 2]].any()
    np.testing.assert_array_equal(motion.raw_poses, motion.poses)
    assert not poses[0].any()


def bone(rest, name):
    """Return the vector (3,) from a bone's head to its tail."""
    return rest.tails[JOINT[name]] - rest.heads[JOINT[name]]


def test_a_head_ends_at_the_crown_hands_go_on_as_their_wrists_and_toes_lie_ahead_on_the_floor():
    rest = build_rest_pose(generic_rest_joints(1.8), shod=False)
    np.testing.assert_allclose(bone(rest, "head")[:2], 0, atol=1e-12)
    assert rest.tails[JOINT["head"], 2] == pytest.approx(1.8, abs=0.02)
    for side in ("left", "right"):
        np.testing.assert_allclose(bone(rest, f"{side}_hand"), bone(rest, f"{side}_wrist"), atol=1e-12)
        foot = np.linalg.norm(bone(rest, f"{side}_ankle"))
        np.testing.assert_allclose(bone(rest, f"{side}_foot"), (0, -0.6 * foot, 0), atol=1e-12)


def test_bones_without_length_are_a_centimetre_long_and_point_up():
    flat = build_rest_pose(np.zeros((JOINT_COUNT, 3)))
    np.testing.assert_allclose(bone(flat, "spine2"), (0, 0, 0.01), atol=1e-12)


def test_bones_that_lie_at_rest_are_rolled_upwards_and_those_that_stand_to_the_front():
    rest = build_rest_pose(generic_rest_joints())
    lying = {name for name in JOINT if rest.roll_axes[JOINT[name]].tolist() == [0, 0, 1]}
    assert lying == {f"{side}_{part}" for side in ("left", "right")
                     for part in ("collar", "shoulder", "elbow", "wrist", "hand", "ankle", "foot")}
    standing = [rest.roll_axes[JOINT[name]].tolist() for name in JOINT if name not in lying]
    assert standing == [[0, -1, 0]] * (JOINT_COUNT - len(lying))


def test_in_another_unit_all_lengths_are_other_numbers_and_directions_are_not():
    rest = build_rest_pose(generic_rest_joints())
    centimetres = rest.in_units(100.0)
    np.testing.assert_allclose((centimetres.heads, centimetres.tails), (100 * rest.heads, 100 * rest.tails))
    np.testing.assert_array_equal(centimetres.roll_axes, rest.roll_axes)


@pytest.mark.parametrize("lower", ["left", "right"])
def test_the_lower_of_both_ankles_stands(lower):
    joints = generic_rest_joints(1.8)
    joints[JOINT[f"{lower}_ankle"], 1] -= 0.04
    rest, even = build_rest_pose(joints, shod=False), build_rest_pose(generic_rest_joints(1.8), shod=False)
    assert rest.heads[JOINT[f"{lower}_ankle"], 2] == pytest.approx(even.heads[JOINT[f"{lower}_ankle"], 2], abs=0.004)


def test_hands_curl_by_twelve_degrees_about_the_axis_to_the_front_each_to_its_palm():
    motion = curl_hands(new_motion(np.zeros((2, 72)), np.zeros((2, 3)), 30.0))
    hands = np.degrees(motion.poses.reshape(2, JOINT_COUNT, 3)[:, [JOINT["left_hand"], JOINT["right_hand"]]])
    np.testing.assert_allclose(hands, np.tile(((0, 0, -12), (0, 0, 12)), (2, 1, 1)), atol=1e-9)
