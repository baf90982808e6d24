"""Motion in the files of other programs: AMASS of each body model, and the variants in which people pass it around."""

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from mpsnet_blender.motion.formats.smpl_rows import RowsOptions, read_any_motion
from mpsnet_blender.shared.motion_file import MotionFileError

FRAMES = 6
REST_PELVIS = {"smpl": (-0.0022, -0.2408, 0.0286), "smplx": (0.0031, -0.3514, 0.0120), "female": (-0.0009, -0.2114, 0.0278)}
Z_UP = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0)))      # a body at rest has Y up: this stands it up in a world with Z up


def standing(joints, upright=Z_UP):
    """Return poses (T, J, 3) of a body that stands, turns and moves its limbs, and a path of its pelvis (T, 3)."""
    poses = np.random.default_rng(1).normal(size=(FRAMES, joints, 3)) * 0.3
    turns = np.linspace(0, 1, FRAMES)[:, None] * (0, 1.0, 0)
    poses[:, 0] = rotvec_from_rotmat(upright @ rotmat_from_rotvec(turns))
    return poses, np.column_stack((np.linspace(0, 1, FRAMES), np.full(FRAMES, 2.0), np.full(FRAMES, 0.95)))


def read(tmp_path, options=None, **arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    return read_any_motion(tmp_path / "other.npz", options)


@pytest.mark.parametrize(("joints", "shared", "pelvis"), [
    (22, 22, REST_PELVIS["smpl"]), (24, 24, REST_PELVIS["smpl"]), (52, 22, REST_PELVIS["smpl"]), (55, 22, REST_PELVIS["smplx"])])
@pytest.mark.parametrize("is_flat", [True, False])
def test_every_body_model_gives_its_joints_and_its_pelvis(tmp_path, joints, shared, pelvis, is_flat):
    poses, path = standing(joints)
    motion, notes = read(tmp_path, poses=poses.reshape(FRAMES, -1) if is_flat else poses, trans=path - pelvis, gender=b"male",
                         betas=np.arange(16.0), mocap_framerate=120.0)
    np.testing.assert_array_equal(motion.poses[:, :3 * shared], poses[:, :shared].reshape(FRAMES, -1))
    assert motion.poses.shape == (FRAMES, 72) and not motion.poses[:, 3 * shared:].any()
    np.testing.assert_allclose(motion.rest_joints[0] + motion.trans, path, atol=1e-12)
    np.testing.assert_array_equal(motion.betas, np.arange(10.0))
    assert (motion.gender, motion.mocap_framerate, motion.engine, notes) == ("male", 120.0, "amass", ())
    assert motion.timestamps[3] == pytest.approx(3 / 120)


@pytest.mark.parametrize(("joints", "first"), [(52, 22), (55, 25)])      # SMPL-X has the jaw and the eyes before its hands
def test_fingers_of_smplh_and_smplx_are_read(tmp_path, joints, first):
    poses, path = standing(joints)
    hands = read(tmp_path, poses=poses.reshape(FRAMES, -1), trans=path, mocap_framerate=120.0)[0].hands
    np.testing.assert_array_equal(hands.rotvecs, poses[:, first:first + 30])
    np.testing.assert_array_equal(hands.hand_confidence, np.ones((FRAMES, 2)))


def test_a_hand_that_is_flat_throughout_counts_as_not_seen_and_two_as_none(tmp_path):
    poses, path = standing(52)
    poses[:, 22:37] = 0
    arrays = {"trans": path, "mocap_framerate": 120.0}
    assert read(tmp_path, poses=poses, **arrays)[0].hands.seen_shares == (0.0, 1.0)
    poses[:, 22:] = 0
    assert read(tmp_path, poses=poses, **arrays)[0].hands is None


def test_hands_beside_a_root_and_a_body_are_read_under_either_name(tmp_path):
    poses, path = standing(52)
    body = {"root_orient": poses[:, 0], "pose_body": poses[:, 1:22].reshape(FRAMES, -1), "trans": path, "fps": 30.0}
    apart = read(tmp_path, left_hand_pose=poses[:, 22:37].reshape(FRAMES, -1), right_hand_pose=poses[:, 37:], **body)[0].hands
    joined = read(tmp_path, pose_hand=poses[:, 22:].reshape(FRAMES, -1), **body)[0].hands
    np.testing.assert_array_equal(apart.rotvecs, poses[:, 22:])
    np.testing.assert_array_equal(joined.rotvecs, poses[:, 22:])


def test_hands_as_coefficients_are_left_out_and_said_so(tmp_path):
    poses, path = standing(22)
    motion, notes = read(tmp_path, global_orient=poses[:, 0], body_pose=poses[:, 1:], transl=path, fps=30.0,
                         left_hand_pose=np.ones((FRAMES, 6)), right_hand_pose=np.ones((FRAMES, 6)))
    assert motion.hands is None
    assert notes == ("other.npz has its fingers as coefficients of the licensed hand model: they were left out.",)


@pytest.mark.parametrize("hands", [
    {"left_hand_pose": np.ones((FRAMES, 45))}, {"left_hand_pose": np.ones((1, 45)), "right_hand_pose": np.ones((1, 45))},
    {"left_hand_pose": np.ones((FRAMES, 15, 3, 3)), "right_hand_pose": np.ones((FRAMES, 15, 3, 3))}])
def test_hands_in_another_form_are_left_out_and_said_so(tmp_path, hands):
    poses, path = standing(22)
    motion, notes = read(tmp_path, global_orient=poses[:, 0], body_pose=poses[:, 1:], transl=path, fps=30.0, **hands)
    assert motion.hands is None
    assert notes == ("other.npz does not have 45 numbers for each hand and frame: its fingers were left out.",)


def test_a_woman_of_smplh_has_her_pelvis_elsewhere(tmp_path):
    poses, path = standing(52)
    motion, _ = read(tmp_path, poses=poses, trans=path - REST_PELVIS["female"], gender="female", mocap_framerate=60.0)
    np.testing.assert_allclose(motion.rest_joints[0] + motion.trans, path, atol=1e-12)


@pytest.mark.parametrize("names", [("root_orient", "pose_body", "trans"), ("global_orient", "body_pose", "transl")])
def test_roots_and_bodies_in_arrays_of_their_own_are_put_together(tmp_path, names):
    poses, path = standing(22)
    values = poses[:, 0], poses[:, 1:].reshape(FRAMES, -1), path
    motion, _ = read(tmp_path, **dict(zip(names, values, strict=True)), mocap_frame_rate=30)
    np.testing.assert_array_equal(motion.poses[:, :66], poses.reshape(FRAMES, -1))


def test_amass_of_today_is_read_and_no_python_object_in_it(tmp_path):
    poses, path = standing(55)
    motion, _ = read(tmp_path, poses=poses.reshape(FRAMES, -1), trans=path, mocap_frame_rate=120.0,
                     gender=np.array("female", object), surface_model_type=np.array("smplx"),
                     markers_latent_vids=np.array({"C7": 1}, object), betas=np.zeros(16))
    assert (motion.frame_count, motion.mocap_framerate, motion.gender) == (FRAMES, 120.0, "neutral")


def test_a_body_that_stands_along_y_is_stood_up(tmp_path):
    poses, path = standing(55, np.eye(3))
    y_path = path @ Z_UP        # heights in the second column
    motion, notes = read(tmp_path, poses=poses, trans=y_path - REST_PELVIS["smplx"], mocap_frame_rate=30.0)
    np.testing.assert_allclose(motion.rest_joints[0] + motion.trans, path, atol=1e-12)
    np.testing.assert_allclose(rotmat_from_rotvec(motion.poses[:, :3])[:, :, 1], np.tile((0, 0, 1.0), (FRAMES, 1)), atol=1e-12)
    assert notes == ("other.npz has Y up: it was stood up.",)


def test_somebody_who_lies_on_the_floor_stays_there_and_the_option_decides(tmp_path):
    poses, path = standing(24, np.eye(3))           # the head towards +Y
    path[:, 2] = 0.15
    arrays = {"poses": poses, "trans": path - REST_PELVIS["smpl"], "mocap_framerate": 30.0}
    motion, notes = read(tmp_path, **arrays)
    np.testing.assert_array_equal(motion.poses, poses.reshape(FRAMES, -1))
    assert not notes
    turned, _ = read(tmp_path, RowsOptions(up="y"), **arrays)
    np.testing.assert_allclose((turned.rest_joints[0] + turned.trans)[:, 2], path[:, 1], atol=1e-12)


def test_a_file_without_a_rate_gets_the_chosen_one_and_says_so(tmp_path):
    poses, path = standing(22)
    motion, notes = read(tmp_path, poses=poses, trans=path)
    assert motion.mocap_framerate == 30.0 and notes == ("other.npz tells no frame rate: 30 frames a second are assumed.",)
    motion, _ = read(tmp_path, RowsOptions(framerate=25.0), poses=poses, trans=path)
    assert motion.mocap_framerate == 25.0


def test_shapes_that_differ_from_frame_to_frame_are_averaged(tmp_path):
    poses, path = standing(22)
    betas = np.random.default_rng(2).normal(size=(FRAMES, 10))
    motion, _ = read(tmp_path, poses=poses, trans=path, fps=60, betas=betas)
    np.testing.assert_allclose(motion.betas, betas.mean(axis=0))


@pytest.mark.parametrize(("changes", "words"), [
    ({"poses": np.zeros((4, 75))}, "poses has shape"), ({"poses": np.zeros((4, 156), int)}, "poses has shape"),
    ({"poses": np.array(2.0)}, "poses has shape"), ({"poses": np.zeros((0, 72)), "trans": np.zeros((0, 3))}, "no frames"),
    ({"trans": np.zeros((3, 3))}, "trans has shape"), ({"mocap_framerate": np.array(0)}, "mocap_framerate is 0"),
    ({"poses": np.full((4, 156), np.nan)}, "not finite"), ({"poses": np.array([{}] * 4, object)}, "damaged"),
])
def test_what_is_no_motion_is_refused_by_name(tmp_path, changes, words):
    arrays = {"poses": np.zeros((4, 156)), "trans": np.zeros((4, 3)), "mocap_framerate": np.array(60.0)}
    with pytest.raises(MotionFileError, match=rf"other\.npz.*{words}"):
        read(tmp_path, **{**arrays, **changes})


@pytest.mark.parametrize("missing", ["poses", "trans"])
def test_what_lacks_is_named(tmp_path, missing):
    arrays = {"poses": np.zeros((4, 156)), "trans": np.zeros((4, 3))}
    del arrays[missing]
    with pytest.raises(MotionFileError, match=f"it lacks {missing}"):
        read(tmp_path, **arrays)


@pytest.mark.parametrize("changes", [{"gender": np.array([], "U1")}, {"betas": np.array(["a"])}, {"betas": np.zeros((0, 10))}])
def test_what_a_motion_can_do_without_may_be_strange(tmp_path, changes):
    poses, path = standing(52)
    motion, _ = read(tmp_path, poses=poses, trans=path, mocap_framerate=60.0, **changes)
    assert motion.gender == "neutral" and motion.betas.tolist() == [0.0] * 10


def test_a_plain_npy_file_is_refused(tmp_path):
    np.save(tmp_path / "joints.npy", np.zeros((4, 22, 3)))
    with pytest.raises(MotionFileError, match=r"joints\.npy is not a motion file"):
        read_any_motion(tmp_path / "joints.npy")
