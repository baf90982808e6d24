import numpy as np

from mpsnet_blender.motion.formats.amass import make_amass_arrays
from mpsnet_blender.shared.motion_file import read_motion
from tests.motion.formats.test_bvh import sample_motion


def test_the_keys_and_widths_are_those_of_amass_and_it_reads_back(tmp_path):
    motion = sample_motion(betas=np.linspace(-1, 1, 10), gender="female")
    arrays = make_amass_arrays(motion)
    assert {key: np.shape(value) for key, value in arrays.items()} == {
        "poses": (40, 156), "trans": (40, 3), "betas": (16,), "dmpls": (40, 8), "gender": (), "mocap_framerate": ()}
    np.savez(tmp_path / "amass.npz", **arrays)
    back = read_motion(tmp_path / "amass.npz")
    assert back.engine == "amass" and back.gender == "female" and back.mocap_framerate == 30.0
    assert np.array_equal(back.poses[:, :66], motion.poses[:, :66]) and np.array_equal(back.trans, motion.trans)
    assert np.array_equal(back.betas, motion.betas)
