"""SPIN, VIBE, TCMR and MEVA: the folded networks against plain ones of torch's layers, and what a track's length changes."""

import numpy as np
import pytest
import torch

from backend.base.errors import OptionError
from backend.models.meva import MEVA
from backend.models.regressor import POSE_SIZE, BodyEstimate, rotmats_from_rot6d
from backend.models.tcmr import TCMR, FastTCMR
from backend.models.vibe import VIBE
from backend.paper import chunked_network
from backend.paper.chunked_network import ChunkedNetwork, chunk_starts
from backend.paper.frame_network import FrameNetwork, make_regressor
from backend.paper.networks import make_network
from backend.paper.sequential_network import SequentialNetwork
from backend.paper.windowed_network import WindowedNetwork, window_indices

CPU = torch.device("cpu")
SIZE = 24       # of the small networks' features


@pytest.fixture
def small(monkeypatch):
    """Make the networks of all tests small."""
    monkeypatch.setattr("backend.paper.sequential_network.VIBE", lambda: VIBE(SIZE, 12, 16))
    monkeypatch.setattr(chunked_network, "MEVA", lambda: MEVA(SIZE, 12, 8, 10, 16))


def random_network(network, seed=0):
    """Return a network with weights large enough that what it computes differs from frame to frame."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return network.eval().requires_grad_(False)


def weights_of(network):
    return {name: weight.numpy() for name, weight in network.state_dict().items()}


def features(count, size=SIZE, seed=1):
    return np.random.default_rng(seed).normal(0, 0.5, (count, size)).astype(np.float32)


def test_spin_is_its_regressor_frame_by_frame():
    regressor = random_network(make_regressor())
    for parameter in regressor.parameters():
        parameter.data.mul_(0.05)
    inputs = features(9, 2048)
    expected = BodyEstimate.from_vector(regressor(torch.from_numpy(inputs)))
    motion = FrameNetwork(weights_of(regressor) | {"conv1.weight": np.zeros(3)}, CPU).run(inputs)
    np.testing.assert_allclose(motion.rotmats, expected.rotmats, atol=1e-5)
    np.testing.assert_allclose(motion.weak_cam, expected.weak_cam, atol=1e-5)
    assert motion.rotmats.std(axis=0).max() > 1e-3


def vibe(**settings):
    return SequentialNetwork(weights_of(random_network(VIBE(SIZE, 12, 16))), CPU, **settings)


def test_vibe_has_one_state_through_the_whole_track(small):
    inputs = features(50)
    whole = vibe().run(inputs).rotmats
    np.testing.assert_allclose(vibe(frames_at_once=7).run(inputs).rotmats, whole, atol=1e-6)
    restarted = vibe(restart_every=20).run(inputs).rotmats
    np.testing.assert_allclose(restarted[:20], whole[:20], atol=1e-6)
    np.testing.assert_allclose(restarted[20:40], vibe().run(inputs[20:40]).rotmats, atol=1e-6)
    assert np.abs(restarted[20] - whole[20]).max() > 1e-2


def test_vibe_looks_back_only_and_takes_any_length(small):
    inputs = features(30)
    changed = inputs.copy()
    changed[12:] += 1.0
    same = np.abs(vibe().run(changed).rotmats - vibe().run(inputs).rotmats).reshape(30, -1).max(1) < 1e-6
    assert same[:12].all() and not same[12:].any()
    assert vibe().run(inputs[:1]).betas.shape == (1, 10) and vibe().run(inputs[:0]).betas.shape == (0, 10)


def plain_tcmr(network, window):
    """Return one window's feature (C,) as torch's own layers compute it."""
    encoder = network.encoder
    past = encoder.linear_bef(encoder.gru_bef(window[:8])[0][-1].relu())
    whole = encoder.linear_cur(encoder.gru_cur(window)[0][8].relu())
    future = encoder.linear_aft(encoder.gru_aft(window[9:].flip(0))[0][-1].relu())
    three = torch.stack((past, whole, future))
    scores = encoder.attention.attention(encoder.attention.fc(three).flatten()[None]).softmax(-1)[0]
    return scores @ three


def test_tcmr_folded_is_torchs_own_layers_window_by_window():
    network = random_network(TCMR(SIZE, 12, 6, 16))
    inputs, windows = features(40), window_indices(40)
    fused, _, scores = FastTCMR(network).encode(torch.from_numpy(inputs), torch.from_numpy(windows))
    expected = torch.stack([plain_tcmr(network, torch.from_numpy(inputs[window])) for window in windows])
    np.testing.assert_allclose(fused, expected, atol=1e-5)
    np.testing.assert_allclose(scores.sum(1), 1.0, atol=1e-6)
    motion = WindowedNetwork(FastTCMR(network), CPU).run(inputs)
    estimate = BodyEstimate.from_vector(network.regressor(expected))
    np.testing.assert_allclose(motion.rotmats, estimate.rotmats, atol=1e-3)
    assert motion.rotmats.std(axis=0).max() > 1e-2


def test_tcmr_does_not_depend_on_how_many_windows_run_at_once():
    network = FastTCMR(random_network(TCMR(SIZE, 12, 6, 16)))
    inputs = features(70)
    expected = WindowedNetwork(network, CPU).run(inputs).rotmats
    np.testing.assert_allclose(WindowedNetwork(network, CPU, windows_at_once=9).run(inputs).rotmats, expected, atol=1e-5)


def meva(**settings):
    return ChunkedNetwork(weights_of(random_network(MEVA(SIZE, 12, 8, 10, 16))), CPU, **settings)


def test_mevas_chunks_overlap_and_the_last_ends_with_the_clip():
    assert chunk_starts(0) == [] and chunk_starts(40) == chunk_starts(90) == [0]
    assert chunk_starts(91) == [0, 1] and chunk_starts(160) == [0, 70] and chunk_starts(250) == [0, 70, 140, 160]


def test_meva_does_not_depend_on_how_many_chunks_run_at_once(small):
    inputs = features(250)
    expected = meva().run(inputs)
    np.testing.assert_allclose(meva(chunks_at_once=1).run(inputs).rotmats, expected.rotmats, atol=1e-3)
    assert expected.rotmats.std(axis=0).max() > 1e-2


def test_meva_passes_from_chunk_to_chunk_without_a_jump(small):
    inputs = np.repeat(features(1), 160, axis=0)      # nothing moves: only chunks can make it move
    inputs[100:] += 0.3
    cut, blended = meva().run_chunks(inputs, [0, 70]), meva().run(inputs)
    alone = BodyEstimate.from_vector(torch.from_numpy(cut.reshape(180, -1)))
    first, second = alone.rotmats[:90].numpy(), alone.rotmats[90:].numpy()
    np.testing.assert_allclose(blended.rotmats[:70], first[:70], atol=1e-5)
    np.testing.assert_allclose(blended.rotmats[90:], second[20:], atol=1e-5)
    jump = np.abs(second[10] - first[79]).max()
    steps = np.abs(np.diff(blended.rotmats[70:90], axis=0)).max()
    assert jump > 0.1 and steps < 0.3 * jump


def test_meva_takes_a_track_that_is_shorter_than_a_chunk(small):
    assert meva().run(features(40)).rotmats.shape == (40, 24, 3, 3) and meva().run(features(1)).betas.shape == (1, 10)
    assert meva().run(features(0)).betas.shape == (0, 10)


def test_mevas_6d_rotations_are_first_column_then_second():
    network = random_network(MEVA(SIZE, 12, 8, 10, 16))
    for decoder in (network.regressor.decpose, network.regressor.decshape, network.regressor.deccam):
        decoder.weight.zero_()
        decoder.bias.zero_()
    vectors, encoding = network(torch.from_numpy(features(5))[None])
    columns = encoding.coarse_pose[0].view(5, 24, 2, 3)
    rotmats = rotmats_from_rot6d(vectors[0, :, :POSE_SIZE])
    first = columns[:, :, 0] / columns[:, :, 0].norm(dim=-1, keepdim=True)
    np.testing.assert_allclose(rotmats[..., 0], first, atol=1e-6)
    np.testing.assert_allclose((rotmats[..., 2] * columns[:, :, 1]).sum(-1), 0, atol=1e-6)


def test_published_batches_exist_only_where_they_change_results():
    with pytest.raises(OptionError, match="The results of tcmr do not depend on batches") as raised:
        make_network("tcmr", {}, CPU, release_batching=16)
    assert "mpsnet, vibe" in raised.value.advice
