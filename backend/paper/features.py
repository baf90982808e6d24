"""Crops around a person and their image features: the ResNet-50 of SPIN, streamed in small batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import cv2
import numpy as np
import torch

from ..base.devices import PRECISIONS, free_cached_memory, is_out_of_memory
from ..models.resnet import CROP_SIZE, FEATURE_SIZE, fast_resnet50

# ImageNet's, RGB in 0..1, with which the network was trained.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BATCH_SIZES = {"cpu": 16, "cuda": 64, "mps": 32}       # halved where memory is full
_PREFETCHED_BATCHES = 2                                 # one waits while another is computed


def make_square_boxes(bbox_xyxy: np.ndarray) -> np.ndarray:
    """Return centre x, y and side (..., 3) in px of the squares around boxes (..., 4), left, top, right, bottom."""
    low, high = bbox_xyxy[..., :2], bbox_xyxy[..., 2:]
    return np.concatenate(((low + high) / 2, (high - low).max(-1, keepdims=True)), axis=-1)


def crop(image: np.ndarray, box: np.ndarray, scale: float) -> np.ndarray:
    """Return the crop (224, 224, 3) uint8 RGB around a square box (3,), centre x, y and side in px.

    image (H, W, 3) uint8 BGR; outside it is black. scale: the crop's side over the box's, see `networks.NETWORKS`. The corners
    are rounded to single precision and the sampling is OpenCV's bilinear one, as in the published code, whose network was
    trained on such crops.
    """
    centre, half = np.asarray(box[:2], np.float64), np.float32(scale * float(box[2]) / 2)
    in_image = np.stack((centre, centre + np.array((0, half)), centre + np.array((half, 0)))).astype(np.float32)
    in_crop = np.array(((0.5, 0.5), (0.5, 1.0), (1.0, 0.5)), np.float32) * CROP_SIZE
    cropped = cv2.warpAffine(image, cv2.getAffineTransform(in_image, in_crop), (CROP_SIZE, CROP_SIZE),
                             flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(cropped[..., ::-1])


def normalise(crops: torch.Tensor) -> torch.Tensor:
    """Return network inputs (N, 3, 224, 224) float32, channels last in memory, of crops (N, 224, 224, 3) uint8 RGB."""
    mean, deviation = crops.new_tensor(_MEAN, dtype=torch.float32), crops.new_tensor(_DEVIATION, dtype=torch.float32)
    return ((crops.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)


class FeatureExtractor:
    """Image features of crops. Where the device's memory runs out it takes smaller batches, then the CPU, and says so.

    weights: SPIN's, of `models_folder`; precision: a key of `devices.PRECISIONS` (less than float32 moves rotations by
    degrees); report: takes a sentence for the person; check: is called many times in a batch, and what it raises ends it.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], device: torch.device, report: Callable[[str], None],
                 precision: str = "float32", check: Callable[[], None] | None = None):
        names = {name for name in weights if name.startswith(("conv1.", "bn1.", "layer"))}
        self._network = fast_resnet50({name: torch.from_numpy(weights[name]) for name in names}).to(device)
        if check is not None:
            # A batch takes seconds on a busy CPU, longer than a user waits after a cancel.
            for block in self._network.blocks():
                block.register_forward_pre_hook(lambda *_: check())
        self._device = device
        self._report = report
        self._dtype = PRECISIONS[precision]
        self.batch_size = _BATCH_SIZES[device.type]

    def extract(self, crops: Iterable[np.ndarray]) -> np.ndarray:
        """Return features (T, 2048) float32 of crops (224, 224, 3) uint8 RGB, which may come from a generator."""
        return np.concatenate([np.empty((0, FEATURE_SIZE), np.float32), *self.stream(crops)])

    def stream(self, crops: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the features (N, 2048) float32 of the next N crops (224, 224, 3) uint8 RGB, batch by batch.

        A separate thread reads `crops`, two batches ahead; exceptions of the iterator are raised here.
        """
        return (self.compute_features(np.stack(batch)) for batch in _prefetched_batches(crops, self.batch_size))

    def compute_features(self, crops: np.ndarray) -> np.ndarray:
        """Return features (N, 2048) float32 of crops (N, 224, 224, 3) uint8 RGB, `batch_size` at a time."""
        done: list[np.ndarray] = []
        while (start := sum(map(len, done))) < len(crops):
            try:
                done.append(self._run(crops[start:start + self.batch_size]))
            except RuntimeError as error:
                if not is_out_of_memory(error) or (self._device.type == "cpu" and self.batch_size == 1):
                    raise
                self._take_less_memory()
        return np.concatenate(done)

    @torch.inference_mode()
    def _run(self, crops: np.ndarray) -> np.ndarray:
        inputs = normalise(torch.from_numpy(crops).to(self._device))
        is_full = self._dtype == torch.float32
        with (torch.autocast(self._device.type, self._dtype, enabled=not is_full),
              torch.backends.cudnn.flags(allow_tf32=not is_full)):
            return self._network(inputs).float().cpu().numpy()

    def _take_less_memory(self) -> None:
        free_cached_memory(self._device)
        if self.batch_size > 1:
            self.batch_size //= 2
            self._report(f"The {self._device.type} device ran out of memory: {self.batch_size} crops at a time from here.")
        else:
            self._report(f"The {self._device.type} device ran out of memory: the CPU goes on, which is slower.")
            self._device = torch.device("cpu")
            self._network = self._network.to(self._device)
            self.batch_size = _BATCH_SIZES["cpu"]


def _prefetched_batches(crops: Iterable[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """Yield lists of up to `size` crops, made by another thread a few batches ahead."""
    iterator = iter(crops)
    with ThreadPoolExecutor(1, thread_name_prefix="crops") as pool:
        waiting = deque(pool.submit(_next_batch, iterator, size) for _ in range(_PREFETCHED_BATCHES))
        try:
            while batch := waiting.popleft().result():
                waiting.append(pool.submit(_next_batch, iterator, size))
                yield batch
        finally:
            for future in waiting:
                future.cancel()


def _next_batch(iterator: Iterator[np.ndarray], size: int) -> list[np.ndarray]:
    return list(islice(iterator, size))
