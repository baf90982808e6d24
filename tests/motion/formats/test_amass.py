import numpy as np

from mpsnet_blender.motion.formats.amass import make_amass_arrays
from mpsnet_blender.motion.formats.smpl_rows import read_any_motion
from mpsnet_blender.shared.hands.poses import make_hand_poses
from tests.motion.formats.test_bvh import sample_motion


def test_the_keys_and_widths_are_those_of_amass_and_it_reads_back(tmp_path):
    motion = sample_motion(betas=np.linspace(-1, 1, 10), gender="female")
    arrays = make_amass_arrays(motion)
    assert {key: np.shape(value) for key, value in arrays.items()} == {
        "poses": (40, 156), "trans": (40, 3), "betas": (16,), "dmpls": (40, 8), "gender": (), "mocap_framerate": ()}
    np.savez(tmp_path / "amass.npz", **arrays)
    back, notes = read_any_motion(tmp_path / "amass.npz")
    assert back.engine == "amass" and back.gender == "female" and back.mocap_framerate == 30.0 and not notes
    assert np.array_equal(back.poses[:, :66], motion.poses[:, :66]) and np.array_equal(back.betas, motion.betas)
    np.testing.assert_allclose(back.trans + back.rest_joints[0], motion.trans + motion.rest_joints[0], atol=1e-12)


def test_fingers_come_back_from_amass_exactly(tmp_path):
    rotvecs = np.random.default_rng(1).normal(size=(40, 30, 3))
    motion = sample_motion(hands=make_hand_poses(rotvecs, np.ones((40, 2))))
    arrays = make_amass_arrays(motion)
    np.testing.assert_array_equal(arrays["poses"][:, 66:111], motion.hands.left_hand_pose)
    np.testing.assert_array_equal(arrays["poses"][:, 111:], motion.hands.right_hand_pose)
    np.savez(tmp_path / "amass.npz", **arrays)
    back = read_any_motion(tmp_path / "amass.npz")[0]
    np.testing.assert_array_equal(back.hands.rotvecs, motion.hands.rotvecs)
    np.testing.assert_array_equal(back.hands.hand_confidence, np.ones((40, 2)))
    np.testing.assert_array_equal(make_amass_arrays(back)["poses"], arrays["poses"])


def test_smplx_puts_the_pelvis_where_the_motion_has_it():
    """smplx gives a joint as `transl` added to the posed joint, whose root turns about the rest pelvis and so stays there."""
    motion = sample_motion(gender="male")
    rest_pelvis = np.array((-0.0022, -0.2408, 0.0286))      # of SMPL+H male, as smplx has it
    np.testing.assert_allclose(rest_pelvis + make_amass_arrays(motion)["trans"], motion.rest_joints[0] + motion.trans, atol=1e-12)
