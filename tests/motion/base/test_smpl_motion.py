import numpy as np

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import CameraMotion, WorldMotion, make_file_motion, make_world_motion
from mpsnet_blender.shared.motion_file import new_motion
from mpsnet_blender.shared.smpl_skeleton import generic_rest_joints

FRAMES = 6
REST_JOINTS = generic_rest_joints() + (0.1, -0.2, 0.3)      # the root turns about a point off the origin


def random_arrays():
    """Return rotations, path, rest joints and timestamps of a motion without any symmetry."""
    generator = np.random.default_rng(0)
    rotmats = rotmat_from_rotvec(generator.normal(size=(FRAMES, 24, 3)))
    return rotmats, generator.normal(size=(FRAMES, 3)), REST_JOINTS, np.arange(FRAMES) / 30


def moving_frame():
    """Return the pose (T, 4, 4) of one frame of reference in another one, which turns and moves."""
    other_from_frame = np.tile(np.eye(4), (FRAMES, 1, 1))
    other_from_frame[:, :3, :3] = rotmat_from_rotvec(np.linspace((0, 0, 0), (1.0, -2.0, 0.5), FRAMES))
    other_from_frame[:, :3, 3] = np.linspace((0, 0, 1.4), (2, 1, 1.5), FRAMES)
    return other_from_frame


def test_another_frame_of_reference_moves_every_joint_rigidly():
    motion, move = CameraMotion(*random_arrays(), stature=1.7), moving_frame()
    for other_from_frame in (move, move[3]):
        rotmats, transl = motion.pose_in(other_from_frame)
        moved = motion.with_pose(rotmats, transl).pose()[1]
        places = np.concatenate([motion.pose()[1], np.ones((FRAMES, 24, 1))], axis=-1)
        np.testing.assert_allclose(moved, np.einsum("...ij,...kj->...ki", other_from_frame, places)[..., :3], atol=1e-12)


def test_there_and_back_is_where_it_was():
    motion, move = CameraMotion(*random_arrays(), stature=1.7), moving_frame()
    there = WorldMotion(*motion.pose_in(move), motion.rest_joints, motion.timestamps, np.zeros((FRAMES, 4)))
    rotmats, transl = there.pose_in(np.linalg.inv(move))
    np.testing.assert_allclose(rotmats, motion.rotmats, atol=1e-12)
    np.testing.assert_allclose(transl, motion.transl, atol=1e-12)


def test_a_person_twice_as_large_and_far_looks_the_same():
    motion = CameraMotion(*random_arrays(), stature=1.7)
    larger = motion.scaled(2.0)
    np.testing.assert_allclose(larger.pose()[1], 2 * motion.pose()[1])
    assert larger.stature == 3.4


def test_some_frames_of_a_motion_keep_all_that_belongs_to_them():
    contacts = np.arange(4 * FRAMES).reshape(FRAMES, 4)
    motion = WorldMotion(*random_arrays(), contacts)
    for rows, wanted in ((slice(1, 3), [1, 2]), (np.array((0, 5)), [0, 5])):
        part = motion.at(rows)
        for name in ("rotmats", "transl", "timestamps", "contacts"):
            np.testing.assert_array_equal(getattr(part, name), getattr(motion, name)[wanted])
        np.testing.assert_array_equal(part.rest_joints, REST_JOINTS)


def test_rotation_vectors_come_back_and_the_root_stands_where_the_pelvis_is():
    poses = np.random.default_rng(1).normal(scale=0.5, size=(FRAMES, 72)).astype(np.float32)
    motion = make_world_motion(poses, np.ones((FRAMES, 3)), REST_JOINTS, np.arange(FRAMES), np.zeros((FRAMES, 4)))
    np.testing.assert_allclose(motion.poses, poses, atol=1e-12)
    np.testing.assert_allclose(motion.root_path, np.tile((1.1, 0.8, 1.3), (FRAMES, 1)))
    np.testing.assert_array_equal(motion.root_path, motion.pose()[1][:, 0])


def test_a_files_motion_is_the_planted_one():
    poses, contacts = np.full((FRAMES, 72), 0.1), np.random.default_rng(2).random((FRAMES, 4))
    planted = new_motion(poses, np.ones((FRAMES, 3)), 25.0, rest_joints=REST_JOINTS, contacts=contacts,
                         raw_poses=np.zeros((FRAMES, 72)), raw_trans=np.zeros((FRAMES, 3)))
    motion = make_file_motion(planted)
    np.testing.assert_allclose(motion.poses, poses)
    np.testing.assert_array_equal(motion.transl, np.ones((FRAMES, 3)))
    np.testing.assert_array_equal(motion.rest_joints, REST_JOINTS)
    np.testing.assert_allclose(motion.timestamps, 0.04 * np.arange(FRAMES))
    np.testing.assert_array_equal(motion.contacts, contacts)
