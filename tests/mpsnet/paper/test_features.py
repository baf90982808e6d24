import numpy as np
import pytest
import torch

from backend.base.devices import choose_device
from backend.base.errors import OptionError
from backend.paper.features import FeatureExtractor, crop, make_square_boxes, normalise
from tests.mpsnet.made_models import image_network

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights():
    return {name: weight.numpy() for name, weight in image_network().state_dict().items()}


@pytest.fixture(scope="module")
def crops():
    """Crops from stripes 4 px wide to flat and bright, so that their features differ."""
    stripes = np.random.default_rng(0).integers(0, 256, (1, 224 // 4, 3)).repeat(4, axis=1)
    shares = np.linspace(0, 1, 5)[:, None, None, None]
    return np.broadcast_to((1 - shares) * stripes + shares * 250, (5, 224, 224, 3)).astype(np.uint8)


def gradient_image(height=300, width=400):
    """An image whose blue is x / 2, green y / 2 and red 7."""
    y, x = np.mgrid[:height, :width]
    return np.stack((x / 2, y / 2, np.full(x.shape, 7)), axis=-1).astype(np.uint8)


def test_the_square_around_a_box():
    np.testing.assert_allclose(make_square_boxes(np.array(((10.0, 20, 30, 80), (0, 0, 4, 2)))), ((20, 50, 60), (2, 1, 4)))


def test_a_crop_shows_a_tenth_more_than_the_box_in_rgb():
    box = np.array((200, 150, 224 / 1.1))  # 224 px of the image: one pixel of the crop each
    shown = crop(gradient_image(), box, 1.1)
    np.testing.assert_array_equal(shown, gradient_image()[150 - 112:150 + 112, 200 - 112:200 + 112, ::-1])


def test_a_crop_of_another_scale_shows_more():
    box = np.array((200, 150, 224 / 1.4))
    np.testing.assert_array_equal(crop(gradient_image(), box, 1.4), crop(gradient_image(), np.array((200, 150, 224 / 1.1)), 1.1))


def test_outside_the_image_the_crop_is_black():
    shown = crop(gradient_image(), np.array((0, 0, 224 / 1.1)), 1.1)
    assert (shown[:112] == 0).all() and (shown[:, :112] == 0).all() and (shown[112:, 112:, 0] == 7).all()


def test_normalised_crops_have_imagenets_mean_at_zero():
    mean, deviation = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
    value = normalise(torch.full((1, 224, 224, 3), 51, dtype=torch.uint8))
    assert value.shape == (1, 3, 224, 224)
    np.testing.assert_allclose(value[0, :, 5, 5], (0.2 - mean) / deviation, rtol=1e-5)


def test_features_are_the_plain_networks(weights, crops):
    with torch.inference_mode():
        expected = image_network()(normalise(torch.from_numpy(crops)).contiguous()).numpy()
    found = FeatureExtractor(weights, CPU, print).extract(iter(crops))
    assert 1 < expected.max() < 100 and expected.std(axis=0).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_features_do_not_depend_on_the_batches(weights, crops):
    extractor = FeatureExtractor(weights, CPU, print)
    whole = extractor.extract(iter(crops))
    extractor.batch_size = 2
    np.testing.assert_allclose(extractor.extract(iter(crops)), whole, atol=1e-3)
    assert extractor.extract(iter(())).shape == (0, 2048)


def test_an_error_while_crops_are_made_comes_out(weights, crops):
    def broken():
        yield crops[0]
        raise OSError("the video ended")

    with pytest.raises(OSError, match="the video ended"):
        FeatureExtractor(weights, CPU, print).extract(broken())


def test_a_cancel_is_heard_within_a_batch(weights, crops):
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 20:
            raise InterruptedError

    extractor = FeatureExtractor(weights, CPU, print, check=check)
    extractor.compute_features(crops[:1])
    assert len(asked) == 16
    with pytest.raises(InterruptedError):
        extractor.compute_features(crops[:1])


class ScarceMemory(torch.nn.Module):
    """A network that runs out of memory above some crops at once."""

    def __init__(self, network, most):
        super().__init__()
        self.network, self.most = network, most

    def forward(self, crops):
        if len(crops) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        return self.network(crops)


def test_where_memory_runs_out_smaller_batches_go_on(weights, crops):
    reported = []
    extractor = FeatureExtractor(weights, CPU, reported.append)
    expected = extractor.compute_features(crops)
    extractor._network = ScarceMemory(extractor._network, most=2)
    np.testing.assert_allclose(extractor.compute_features(crops), expected, atol=1e-3)
    assert extractor.batch_size == 2 and len(reported) == 3 and "ran out of memory" in reported[0]


def test_another_error_of_the_network_is_not_taken_for_scarce_memory(weights, crops):
    with pytest.raises(RuntimeError, match="size of tensor"):
        FeatureExtractor(weights, CPU, print).compute_features(crops[..., :2])


def test_lower_precision_only_on_request(weights, crops):
    full = FeatureExtractor(weights, CPU, print).compute_features(crops[:1])
    half = FeatureExtractor(weights, CPU, print, precision="bfloat16").compute_features(crops[:1])
    assert full.dtype == half.dtype == np.float32
    assert 1e-3 < np.abs(full - half).max() < 0.2 * full.max()


def test_the_device_is_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == choose_device("cpu").type == "cpu"
    with pytest.raises(OptionError, match="no cuda device"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
