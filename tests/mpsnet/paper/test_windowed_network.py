import numpy as np
import pytest
import torch

from backend.models.mpsnet import MPSNet
from backend.paper.network_motion import translation_from_weak_cam
from backend.paper.windowed_network import load_weights, make_mpsnet, window_indices
from tests.mpsnet.made_models import temporal_weights

CPU = torch.device("cpu")
CAMERA = np.array(((900.0, 0, 640), (0, 900, 360), (0, 0, 1)))


@pytest.fixture(scope="module")
def weights():
    weights = {name: weight.numpy() for name, weight in temporal_weights().items()}
    weights["regressor.decpose.weight"] = 30 * weights["regressor.decpose.weight"]  # poses that differ
    return weights


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(1).normal(0, 0.4, (300, 2048)).clip(0).astype(np.float32)


def test_windows_are_centred_and_still_at_the_ends():
    windows = window_indices(20)
    np.testing.assert_array_equal(windows[8], np.arange(16))
    np.testing.assert_array_equal(windows[12], np.arange(4, 20))
    assert (windows[:8] == np.arange(8)[:, None]).all() and (windows[13:] == np.arange(13, 20)[:, None]).all()
    assert (window_indices(5) == np.arange(5)[:, None]).all() and window_indices(0).shape == (0, 16)


def test_the_engine_gives_the_plain_networks_numbers_frame_by_frame(weights, features):
    motion = make_mpsnet(weights, CPU).run(features)
    network = load_weights(MPSNet(), weights)
    assert motion.rotmats.shape == (300, 24, 3, 3)
    for frame in (0, 7, 8, 255, 256, 292, 293):  # ends of the clip and of the engine's chunks
        with torch.inference_mode():
            estimate, _ = network(torch.from_numpy(features[window_indices(300)[frame]])[None])
        np.testing.assert_allclose(motion.rotmats[frame], estimate.rotmats[0], atol=1e-4)
        np.testing.assert_allclose(motion.betas[frame], estimate.betas[0], atol=1e-4)
        np.testing.assert_allclose(motion.weak_cam[frame], estimate.weak_cam[0], atol=1e-4)
    assert motion.rotmats.std(axis=0).max() > 1e-3


def test_frames_far_apart_do_not_know_of_each_other(weights, features):
    network = make_mpsnet(weights, CPU)
    changed = features.copy()
    changed[150:] = 0
    same = np.abs(network.run(changed).rotmats - network.run(features).rotmats).reshape(300, -1).max(axis=1) < 1e-5
    assert same[:143].all() and not same[150:].any()  # a window ends 7 frames after its centre


def test_a_clip_may_be_empty_or_short(weights, features):
    network = make_mpsnet(weights, CPU)
    assert network.run(features[:0]).weak_cam.shape == (0, 3)
    np.testing.assert_allclose(network.run(features[:3]).rotmats[1], network.run(features[1:2]).rotmats[0], atol=1e-5)


def test_only_the_releases_batches_change_with_their_size(weights, features):
    default = make_mpsnet(weights, CPU).run(features).rotmats
    by_8, by_64 = (make_mpsnet(weights, CPU, release_batching=size).run(features).rotmats for size in (8, 64))
    one_by_one = make_mpsnet(weights, CPU, release_batching=1).run(features).rotmats
    np.testing.assert_allclose(one_by_one, default, atol=1e-5)
    assert np.abs(by_8 - default).max() > 1e-4 and np.abs(by_64 - by_8).max() > 1e-4


def test_a_centred_body_stands_on_the_axis_at_the_depth_of_its_size():
    # 1.1 * 200 = 220 px of the image show 2 / s = 2.2 m of the body: 100 px a metre, at 900 px focal length 9 m away.
    boxes, weak_cam = np.array(((640.0, 360, 200),)), np.array(((1 / 1.1, 0, 0),))
    np.testing.assert_allclose(translation_from_weak_cam(weak_cam, boxes, CAMERA, 1.1), ((0, 0, 9),), atol=1e-12)


def test_the_translation_shows_the_body_where_the_crop_does():
    rng = np.random.default_rng(2)
    boxes = np.column_stack((rng.uniform(100, 1100, 9), rng.uniform(100, 600, 9), rng.uniform(80, 500, 9)))
    weak_cam = np.column_stack((rng.uniform(0.5, 1.2, 9), rng.uniform(-0.3, 0.3, (9, 2))))
    point = np.array((0.2, -0.4))  # of the body, at its origin's depth
    translation = translation_from_weak_cam(weak_cam, boxes, CAMERA, 1.1)
    seen = CAMERA[:2, 2] + 900 * (point + translation[:, :2]) / translation[:, 2:]
    in_crop = 112 + 112 * weak_cam[:, :1] * (point + weak_cam[:, 1:])
    expected = boxes[:, :2] + (in_crop - 112) / 224 * 1.1 * boxes[:, 2:]
    np.testing.assert_allclose(seen, expected, atol=1e-9)
