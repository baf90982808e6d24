import numpy as np
import pytest
import torch

from backend.models.fast_path import FastMPSNet
from backend.models.mpsnet import MPSNet
from backend.models.regressor import Regressor, rotmats_from_rot6d
from tests.mpsnet.made_models import SMALL, small_network

torch.set_grad_enabled(False)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def random_windows(count, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return 0.5 * torch.randn(count, SMALL.window, SMALL.feature_size, generator=generator)


def numpy_weights(network):
    return {name: weight.double().numpy() for name, weight in network.state_dict().items()}


def moca_by_hand(x, w):
    """The paper's equations 1 to 4 on one window (T, C)."""
    phi, theta, g, mask = (w[f"nonlocalblock.conv_{name}.weight"][..., 0] for name in ("phi", "theta", "g", "mask"))
    w0, w1 = w["nonlocalblock.conv_mask_forR.weight"].ravel()
    nssm, attention = softmax(x @ x.T), softmax((x @ theta.T) @ (x @ phi.T).T)
    fused = softmax(w0 * nssm + w1 * attention)
    return x + fused @ (x @ g.T) @ mask.T, fused


def hafi_by_hand(z, w):
    """Three groups of three frames, then the three groups, all by the same attention."""
    def integrate(three):
        resized = three @ w["nonlocalblock.attention.fc.weight"].T + w["nonlocalblock.attention.fc.bias"]
        y = resized.ravel()
        for layer in (0, 2, 4):
            name = f"nonlocalblock.attention.attention.{layer}"
            y = np.tanh(w[name + ".weight"] @ y + w[name + ".bias"])
        return softmax(y) @ three

    return integrate(np.stack([integrate(z[4:7]), integrate(z[7:10]), integrate(z[10:13])]))


def test_the_encoder_is_the_papers_equations():
    network, windows = small_network(), random_windows(3)
    encoding = network.nonlocalblock(windows)
    for index, x in enumerate(windows.double().numpy()):
        z, fused = moca_by_hand(x, numpy_weights(network))
        np.testing.assert_allclose(encoding.maps.fused[index], fused, atol=1e-6)
        np.testing.assert_allclose(encoding.sequence[index], z, atol=1e-5)
        np.testing.assert_allclose(encoding.feature[index], hafi_by_hand(z, numpy_weights(network)), atol=1e-5)
        assert fused.max() > 0.1 and fused.min() < 0.05  # attention that chooses, so that the test says something


def test_a_sample_does_not_depend_on_its_batch_unless_the_release_is_repeated():
    network, windows = small_network(), random_windows(6)
    alone = torch.cat([network(window[None])[0].rotmats for window in windows])
    together, mixed = network(windows)[0].rotmats, network(windows, release_batching=True)[0].rotmats
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert (mixed - alone).abs().max() > 1e-3
    torch.testing.assert_close(network(windows[:1], release_batching=True)[0].rotmats, alone[:1], atol=1e-5, rtol=0)


def test_release_batching_pairs_neighbours_of_the_stacked_maps():
    network, windows = small_network(), random_windows(3)
    maps = network.nonlocalblock(windows, release_batching=True).maps
    stacked = torch.cat((maps.nssm, maps.attention))
    for index in range(3):
        expected = (3 * stacked[2 * index] + 4 * stacked[2 * index + 1]).softmax(-1)
        torch.testing.assert_close(maps.fused[index], expected)


@pytest.mark.parametrize("release_batching", [False, True])
def test_the_fast_path_gives_the_plain_networks_numbers(release_batching):
    network = small_network()
    frames = 0.5 * torch.randn(40, SMALL.feature_size, generator=torch.Generator().manual_seed(8))
    windows = torch.arange(24)[:, None] + torch.arange(16)
    windows[3] = 3  # a window at an end: one frame 16 times
    plain, _ = network(frames[windows], release_batching)
    fast = FastMPSNet(network)(frames, windows, release_batching)
    for name in ("rotmats", "betas", "weak_cam"):
        torch.testing.assert_close(getattr(fast, name), getattr(plain, name), atol=1e-5, rtol=0)
    assert plain.rotmats.std(dim=0).max() > 1e-3


def test_another_front_feeds_the_same_network():
    network = small_network(front=torch.nn.Linear(7, SMALL.feature_size))
    frames = torch.randn(20, 7)
    windows = torch.arange(5)[:, None] + torch.arange(16)
    torch.testing.assert_close(FastMPSNet(network)(frames, windows).rotmats, network(frames[windows])[0].rotmats,
                               atol=1e-5, rtol=0)


def test_training_reaches_every_weight_of_the_network():
    with torch.enable_grad():
        network = MPSNet(SMALL).train()
        estimate, encoding = network(random_windows(4))
        everything = estimate.rotmats.sum() + estimate.betas.sum() + estimate.weak_cam.sum() + encoding.sequence.sum()
        everything.backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_the_folded_regressor_is_the_iteration():
    torch.manual_seed(4)
    regressor = Regressor(feature_size=20, hidden_size=12, iterations=3, dropout=0.5).double().eval()
    features = torch.randn(6, 20, dtype=torch.float64)
    matrix, offset = regressor.as_affine_map()
    torch.testing.assert_close(features @ matrix.T + offset, regressor(features), atol=1e-12, rtol=0)


def test_six_numbers_are_the_first_two_columns():
    turn_about_z = np.array(((0, -1, 0), (1, 0, 0), (0, 0, 1)), np.float32)
    rot6d = torch.from_numpy(np.tile(2.5 * turn_about_z[:, :2].ravel(), 24))[None]
    np.testing.assert_allclose(rotmats_from_rot6d(rot6d)[0], np.tile(turn_about_z, (24, 1, 1)), atol=1e-6)


def test_any_six_numbers_give_a_rotation():
    rotmats = rotmats_from_rot6d(torch.randn(5, 144)).double()
    torch.testing.assert_close(rotmats @ rotmats.mT, torch.eye(3).double().expand(5, 24, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotmats), torch.ones(5, 24).double(), atol=1e-5, rtol=0)


def test_an_untrained_regressor_starts_at_the_rest_pose():
    regressor = Regressor(feature_size=8, hidden_size=4, iterations=3, dropout=0.0)
    np.testing.assert_allclose(rotmats_from_rot6d(regressor.mean_vector[:, :144])[0], np.tile(np.eye(3), (24, 1, 1)))


def test_the_papers_sizes_have_the_checkpoints_keys():
    with torch.device("meta"):
        shapes = {name: tuple(weight.shape) for name, weight in MPSNet().state_dict().items()}
    assert len(shapes) == 26
    assert shapes["nonlocalblock.conv_mask_forR.weight"] == (1, 2, 1, 1)
    assert shapes["nonlocalblock.attention.attention.4.weight"] == (3, 256)
    assert shapes["regressor.fc1.weight"] == (1024, 2048 + 157)
