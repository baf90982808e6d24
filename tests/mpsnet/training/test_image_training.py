"""The published recipe learns: on windows whose features contain the pose, errors fall, and motions are distinguished."""

import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from backend.base.errors import DatasetError
from backend.models.body import BodyModel
from backend.models.motion_discriminator import MotionDiscriminator, rotvecs_from_rotmats
from backend.models.mpsnet import MPSNet
from backend.training.image_losses import project_crop, rotmats_from_rotvecs
from backend.training.image_windows import Windows, read_windows, window_starts
from backend.training.images import ImageRecipe, ImageTraining, TrainingSets
from tests.mpsnet.made_models import SMALL, smpl_contents

# SMPL's joints that stand in for regressed ones: of the extra nine, and of Human3.6M's 17.
EXTRA = (2, 1, 12, 15, 0, 3, 12, 15, 15)
H36M = (0, 1, 4, 7, 2, 5, 8, 3, 12, 15, 15, 16, 18, 20, 17, 19, 21)


@pytest.fixture(autouse=True, scope="module")
def gradients():
    with torch.enable_grad():       # other modules turn them off for the process
        yield


def made_body():
    contents = smpl_contents()
    parents = contents["kintree_table"][0].astype(np.int64)
    parents[0] = -1
    names = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
    arrays = {name: contents[name].astype(np.float32) for name in names}
    arrays |= {"parents": parents, "faces": contents["f"].astype(np.int64)}
    return BodyModel(arrays, contents["J_regressor"][list(EXTRA)], contents["J_regressor"][list(H36M)])


def made_windows(body, count, seed):
    """Return windows of one frame's pose each: a few turns of shoulders, hips and root, which depend linearly on the features."""
    rng = np.random.default_rng(seed)
    code = rng.normal(0, 0.4, (count, 12))
    poses = np.zeros((count, 24, 3))
    poses[:, [16, 17, 1, 2]] = code.reshape(count, 4, 3)
    poses[:, 0] = (np.pi, 0, 0)
    mixing = np.random.default_rng(5).normal(0, 0.5, (12, SMALL.feature_size))
    features = (code @ mixing)[:, None] + rng.normal(0, 0.01, (count, 16, SMALL.feature_size))
    rotmats = torch.from_numpy(Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(count, 24, 3, 3)).float()
    betas = torch.zeros(count, 10)
    with torch.no_grad():
        bodies = body(rotmats, betas)
        drawn = project_crop(body.joints_49(bodies), torch.tensor((0.9, 0.0, 0.0)).expand(count, 3))
    keypoints = torch.cat((drawn, torch.ones(count, 49, 1)), dim=2)
    known = torch.ones(count, dtype=torch.bool)
    return Windows(torch.from_numpy(features).float(), keypoints, body.joints_49(bodies)[:, 25:39], known,
                   torch.from_numpy(poses).float().flatten(1), betas, known)


@pytest.fixture(scope="module")
def training():
    torch.manual_seed(0)
    body = made_body()
    with_3d = made_windows(body, 200, 0)
    unknown = torch.zeros(200, dtype=torch.bool)
    with_2d = Windows(with_3d.features, with_3d.keypoints, torch.zeros(200, 14, 3), unknown, torch.zeros(200, 72),
                      with_3d.betas, unknown)
    recorded = torch.randn(100, 1, 69).expand(100, 16, 69) * 0.3
    network = MPSNet(SMALL)
    network.regressor.init_pose[0, :6] = torch.tensor((1.0, 0, 0, -1, 0, 0))
    sets = TrainingSets(with_2d, with_3d, made_windows(body, 60, 1), recorded)
    recipe = ImageRecipe(steps=40, windows_2d=6, windows_3d=6, rate=4e-3, discriminator_rate=1e-3)
    return ImageTraining(network, MotionDiscriminator(32), body, sets, recipe, torch.device("cpu"))


def test_errors_fall_on_windows_that_were_not_trained_on(training):
    before = training.validate()
    first, _ = training.epoch()
    for _ in range(2):
        last, after = training.epoch()
    assert last < 0.5 * first
    assert after < 0.6 * before


def test_the_discriminator_distinguishes_recorded_motion_from_jitter():
    torch.manual_seed(1)
    discriminator = MotionDiscriminator(16, dropout=0.0)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=3e-3)
    for _ in range(80):
        still, jitter = torch.randn(32, 1, 69).expand(32, 16, 69), torch.randn(32, 16, 69)
        loss = ((discriminator(still) - 1) ** 2).mean() + (discriminator(jitter) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        assert discriminator(torch.randn(50, 1, 69).expand(50, 16, 69)).mean() > 0.7
        assert discriminator(torch.randn(50, 16, 69)).mean() < 0.3


def test_rotation_vectors_come_back_also_near_no_turn_and_half_a_turn():
    rng = np.random.default_rng(2)
    rotvecs = rng.normal(size=(300, 3))
    rotvecs *= (np.concatenate([np.full(50, 1e-7), np.full(50, np.pi - 1e-4), rng.uniform(0.01, 3.1, 200)])
                / np.linalg.norm(rotvecs, axis=1))[:, None]
    rotmats = rotmats_from_rotvecs(torch.from_numpy(rotvecs))
    np.testing.assert_allclose(rotmats.numpy(), Rotation.from_rotvec(rotvecs).as_matrix(), atol=1e-7)
    np.testing.assert_allclose(rotvecs_from_rotmats(rotmats).numpy(), rotvecs, atol=1e-5)


def test_rotation_vectors_have_finite_gradients_at_no_rotation():
    rotmats = torch.eye(3).expand(4, 3, 3).clone().requires_grad_()
    rotvecs_from_rotmats(rotmats).sum().backward()
    assert torch.isfinite(rotmats.grad).all()


def test_windows_stay_within_their_video():
    names = np.array(["a"] * 35 + ["b"] * 10 + ["c"] * 16)
    assert window_starts(names, 16).tolist() == [0, 16, 45]


def test_a_set_is_read_window_by_window(tmp_path):
    rng = np.random.default_rng(3)
    count = 40
    contents = {"vid_name": np.array(["v"] * count), "features": rng.normal(size=(count, 2048)).astype(np.float32),
                "bbox": np.tile((100.0, 50.0, 80.0, 60.0), (count, 1)), "joints2D": np.tile((144.0, 50.0, 1.0), (count, 49, 1)),
                "joints3D": rng.normal(size=(count, 49, 3)), "pose": rng.normal(size=(count, 72)),
                "shape": rng.normal(size=(count, 10))}
    (tmp_path / "set.pt").write_bytes(pickle.dumps(contents))
    windows = read_windows(tmp_path / "set.pt")
    assert len(windows) == 2
    np.testing.assert_array_equal(windows.features[1].numpy(), contents["features"][16:32])
    np.testing.assert_allclose(windows.poses[1], contents["pose"][24], rtol=1e-6)
    np.testing.assert_allclose(windows.joints[0], contents["joints3D"][8, 25:39], rtol=1e-6)
    np.testing.assert_allclose(windows.keypoints[0, 0], (1.0, 0.0, 1.0), atol=1e-6)     # 44 px of a crop of 88 aside


def test_a_set_of_wrong_shape_is_named(tmp_path):
    contents = {"vid_name": np.array(["v"] * 20), "features": np.zeros((20, 100), np.float32)}
    (tmp_path / "set.pt").write_bytes(pickle.dumps(contents))
    with pytest.raises(DatasetError, match=r"features has shape \(20, 100\), expected \(20, 2048\)"):
        read_windows(tmp_path / "set.pt")
