"""Models of the right shapes with seeded random numbers: networks and a body, and the files in which people have them."""

import pickle
from pathlib import Path

import numpy as np
import torch
from scipy import sparse

from backend.models.mpsnet import MPSNet, MPSNetConfig
from backend.models.regressor import Regressor
from backend.models.resnet import FEATURE_SIZE, ResNet50
from mpsnet_blender.shared.smpl_skeleton import PARENTS, generic_rest_joints

SMALL = MPSNetConfig(feature_size=32, attention_size=8, regressor_size=16)


def small_network(seed=0, front=None):
    """Return a small MPS-Net whose attention is neither flat nor one-hot, in eval mode."""
    torch.manual_seed(seed)
    network = MPSNet(SMALL, front).eval().requires_grad_(False)
    network.nonlocalblock.conv_mask_forR.weight.copy_(torch.tensor((3.0, 4.0)).view(1, 2, 1, 1))
    for decoder in (network.regressor.decpose, network.regressor.decshape, network.regressor.deccam):
        decoder.weight.normal_(0, 0.2)
    return network


def temporal_weights(seed=1):
    """Return MPS-Net's weights by checkpoint key, tensors; as in real ones, the mean pose is upright where y points down."""
    torch.manual_seed(seed)
    weights = MPSNet().state_dict()
    weights["regressor.init_pose"][0, :6] = torch.tensor((1.0, 0, 0, -1, 0, 0))
    return weights


def image_network(seed=2):
    """Return a ResNet-50 in eval mode whose features follow its input, with BatchNorm statistics that are not trivial."""
    torch.manual_seed(seed)
    network = ResNet50().eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.4, 0.8)
            module.bias.normal_(0, 0.1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


def image_weights():
    """Return SPIN's weights by checkpoint key: the image network and its regressor."""
    return image_network().state_dict() | Regressor(FEATURE_SIZE, 1024, 3, 0.5).state_dict()


def smpl_contents(seed=3):
    """Return a body with SMPL's keys and shapes: a cloud of points around a generic skeleton."""
    rng = np.random.default_rng(seed)
    nearest = rng.integers(0, 24, 6890)
    nearest[:24] = np.arange(24)
    vertices = generic_rest_joints()[nearest] + rng.normal(0, 0.02, (6890, 3))
    regressor = (nearest == np.arange(24)[:, None]).astype(float)
    weights = 0.9 * regressor.T + 0.1 / 24
    kintree = np.array((PARENTS, range(24))).astype(np.uint32)
    return {"v_template": vertices, "shapedirs": rng.normal(0, 0.01, (6890, 3, 10)),
            "posedirs": rng.normal(0, 0.001, (6890, 3, 207)), "J_regressor": regressor / regressor.sum(1, keepdims=True),
            "weights": weights, "kintree_table": kintree, "f": rng.integers(0, 6890, (13776, 3)).astype(np.uint32),
            "bs_style": "lbs", "bs_type": "lrotmin"}


def write_downloads(folder: Path) -> Path:
    """Write the files that a person downloads, in the authors' formats."""
    contents = smpl_contents()
    body = contents | {"J_regressor": sparse.csc_matrix(contents["J_regressor"])}
    (folder / "SMPL_NEUTRAL.pkl").write_bytes(pickle.dumps(body, protocol=2))
    torch.save({"epoch": 1, "performance": np.float64(52.1), "gen_state_dict": temporal_weights() | {
        "regressor.smpl.betas": torch.zeros(64, 10)}}, folder / "mpsnet_model_best.pth.tar")
    torch.save({"model": image_weights()}, folder / "spin_model_checkpoint.pth.tar")
    np.save(folder / "J_regressor_extra.npy", np.full((9, 6890), 1 / 6890))
    np.save(folder / "J_regressor_h36m.npy", np.full((17, 6890), 1 / 6890))
    np.savez(folder / "smpl_mean_params.npz", pose=np.zeros(144, np.float32), shape=np.zeros(10, np.float32),
             cam=np.array((0.9, 0, 0), np.float32))
    return folder
