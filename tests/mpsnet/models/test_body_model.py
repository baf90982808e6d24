import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from backend.models.body import BodyModel
from backend.paper.smpl_files import make_body_arrays
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics
from tests.mpsnet.made_models import smpl_contents

torch.set_grad_enabled(False)


@pytest.fixture(scope="module")
def arrays():
    return make_body_arrays(smpl_contents(), "SMPL_NEUTRAL.pkl")


@pytest.fixture(scope="module")
def body(arrays):
    rows = np.zeros((17, 6890), np.float32)
    rows[np.arange(17), np.arange(17)] = 1  # each further joint is a vertex
    return BodyModel(arrays, rows[:9], rows)


def random_pose(seed=0):
    rotmats = Rotation.random(24, random_state=seed).as_matrix()
    betas = np.random.default_rng(seed).normal(size=(1, 10))
    return torch.from_numpy(rotmats).float()[None], torch.from_numpy(betas).float()


def test_posed_joints_are_the_motion_files_forward_kinematics(body):
    rotmats, betas = random_pose()
    rest = body.rest_joints(betas)[0].numpy()
    _, expected = forward_kinematics(rotmats.numpy(), rest, np.zeros((1, 3)))
    np.testing.assert_allclose(body(rotmats, betas).joints, expected, atol=1e-5)


def test_the_rest_pose_is_the_shaped_template(body, arrays):
    _, betas = random_pose()
    rest = torch.eye(3).expand(1, 24, 3, 3)
    expected = arrays["v_template"] + arrays["shapedirs"] @ betas[0].numpy()
    np.testing.assert_allclose(body(rest, betas).vertices[0], expected, atol=1e-5)


def test_further_joints_come_in_the_data_sets_order(body):
    posed = body(*random_pose())
    joints = body.joints_49(posed)
    torch.testing.assert_close(joints[0, 1], posed.joints[0, 12])      # OpenPose's neck is SMPL's
    torch.testing.assert_close(joints[0, 0], posed.vertices[0, 332])   # its nose a point of the surface
    torch.testing.assert_close(joints[0, 43], posed.vertices[0, 8])    # Human3.6M's head the last of the nine
    torch.testing.assert_close(body.joints_14(posed)[0, 0], posed.vertices[0, 6])  # right ankle


def test_smplx_prints_nothing(arrays, capsys):
    BodyModel(arrays)
    assert capsys.readouterr().out == ""
