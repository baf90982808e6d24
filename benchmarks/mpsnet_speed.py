"""Measures the MPS-Net engine on the CPU: `python benchmarks/mpsnet_speed.py [--threads 1] [--frames 300 3000]`.

Prints CPU ms per window of the plain network as published against the fast path, CPU ms per frame of its peers,
CPU ms per frame of ResNet-50 eager against ours, how far their numbers lie apart, and the peak memory of the whole
engine (crops to motion) at lengths of clip. Weights are random: speed does not depend on them. Runs in the environment
of the mpsnet profile. Every figure is the fastest of some rounds, the two sides in turn, as other work on the machine
lengthens all of it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backend.models.fast_path import FastMPSNet
from backend.models.meva import MEVA
from backend.models.mpsnet import MPSNet
from backend.models.resnet import CROP_SIZE, FEATURE_SIZE, ResNet50
from backend.models.tcmr import TCMR
from backend.models.vibe import VIBE
from backend.paper.features import FeatureExtractor, normalise
from backend.paper.frame_network import make_regressor
from backend.paper.networks import make_network
from backend.paper.windowed_network import make_mpsnet, window_indices

PUBLISHED_WINDOWS = 64   # the demo's batch of windows
PUBLISHED_CROPS = 64     # the demo has 256 at once, which takes more memory than some machines have
PEER_FRAMES = 300
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, nargs="*", default=[300, 3000], help="clip lengths for the peak memory")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    if given.memory_of is not None:
        run_engine(given.memory_of)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 ** 2 if sys.platform == "darwin" else 1024))
        return
    print(f"{given.threads} thread(s); load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; torch {torch.__version__}")
    # Memory first: Linux counts the size of the starting process, still small here, as the started one's peak.
    for frames in given.frames:
        print(f"peak memory of the engine at {frames} frames: {measure_peak_megabytes(frames):.0f} MB", flush=True)
    measure_windows()
    measure_peers()
    measure_crops()


def measure_windows() -> None:
    """Compare the plain network, with the 16 frames of each window regressed for training's sake, with the fast path."""
    network = MPSNet().eval()
    fast = FastMPSNet(network)
    frames = torch.randn(PUBLISHED_WINDOWS + 15, FEATURE_SIZE).relu()
    indices = torch.arange(PUBLISHED_WINDOWS)[:, None] + torch.arange(16)
    windows = frames[indices]

    def published() -> torch.Tensor:
        estimate, encoding = network(windows)
        network.estimate(encoding.sequence.flatten(0, 1))
        return estimate.rotmats

    results = compare(published, lambda: fast(frames, indices).rotmats, PUBLISHED_WINDOWS)
    print("temporal network, CPU ms per window: published {:.2f}, fast path {:.2f}, {:.0f} times less; "
          "rotations differ by {:.1e} at most".format(*results), flush=True)


def measure_peers() -> None:
    """Print the CPU time of each network for a track, from features to bodies."""
    track = np.random.default_rng(0).normal(0, 0.4, (PEER_FRAMES, FEATURE_SIZE)).clip(0).astype(np.float32)
    parts = {"mpsnet": MPSNet, "spin": make_regressor, "vibe": VIBE, "tcmr": TCMR, "meva": MEVA}
    for method, make in parts.items():
        network = make_network(method, arrays(make()), torch.device("cpu"))
        results = compare(lambda network=network: network.run(track).betas, lambda: np.zeros((PEER_FRAMES, 10)), PEER_FRAMES)
        print(f"{method}, features to bodies of {PEER_FRAMES} frames: CPU ms a frame {results[0]:.2f}", flush=True)


def measure_crops() -> None:
    """Compare an eager ResNet-50 in torch's usual memory order with ours, in the batches that each would take."""
    network = ResNet50().eval()
    extractor = FeatureExtractor(arrays(network), torch.device("cpu"), print)
    crops = random_crops(PUBLISHED_CROPS)
    inputs = normalise(torch.from_numpy(crops)).contiguous()
    for batch in (PUBLISHED_CROPS, extractor.batch_size):
        results = compare(lambda batch=batch: network(inputs[:batch]).numpy(),
                          lambda batch=batch: extractor.compute_features(crops[:batch]), batch)
        print(f"ResNet-50, CPU ms per frame: eager, {batch} crops at once, {results[0]:.1f}, ours {results[1]:.1f}, "
              f"ratio {results[1] / results[0]:.2f}; features differ by {results[3]:.1e} at most", flush=True)


def compare(reference: Callable, ours: Callable, count: int) -> tuple[float, float, float, float]:
    """Return CPU ms per item of both, their ratio, and the largest difference of what they return."""
    difference = float(np.abs(np.asarray(reference()) - np.asarray(ours())).max())
    seconds = {reference: [], ours: []}
    for _ in range(ROUNDS):
        for function, measured in seconds.items():
            started = time.process_time()
            function()
            measured.append(time.process_time() - started)
    slow, fast = (1000 * min(measured) / count for measured in seconds.values())
    return slow, fast, slow / fast, difference


def random_crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, CROP_SIZE, CROP_SIZE, 3), dtype=np.uint8)


def arrays(network: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in network.state_dict().items()}


def run_engine(frame_count: int) -> None:
    """Run crops to motion. The crops come one by one, as from a video."""
    extractor = FeatureExtractor(arrays(ResNet50()), torch.device("cpu"), print)
    network = make_mpsnet(arrays(MPSNet()), torch.device("cpu"))

    def crops() -> Iterator[np.ndarray]:
        for _ in range(frame_count):
            yield random_crops(1)[0]

    motion = network.run(extractor.extract(crops()))
    assert len(motion.rotmats) == len(window_indices(frame_count))


def measure_peak_megabytes(frame_count: int) -> float:
    """Return the peak resident memory in MB of a process that runs the engine on `frame_count` frames."""
    command = [sys.executable, "-B", __file__, "--threads", "2", "--memory-of", str(frame_count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


if __name__ == "__main__":
    main()
