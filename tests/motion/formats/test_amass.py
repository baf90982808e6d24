import numpy as np

from mpsnet_blender.motion.formats.amass import make_amass_arrays
from mpsnet_blender.motion.formats.smpl_rows import read_any_motion
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


def test_smplx_puts_the_pelvis_where_the_motion_has_it():
    """smplx gives a joint as `transl` added to the posed joint, whose root turns about the rest pelvis and so stays there."""
    motion = sample_motion(gender="male")
    rest_pelvis = np.array((-0.0022, -0.2408, 0.0286))      # of SMPL+H male, as smplx has it
    np.testing.assert_allclose(rest_pelvis + make_amass_arrays(motion)["trans"], motion.rest_joints[0] + motion.trans, atol=1e-12)
