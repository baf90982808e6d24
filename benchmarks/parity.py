"""Our stages of MPS-Net on a clip, or of its peers on features, as arrays to compare with those of the published code.

    python benchmarks/parity.py --models DIR --clip DIR --frames 40 --out mine.npz [--release-batching 64] [--plain]
    python benchmarks/parity.py --engine vibe --models DIR --features FEATURES.npy --out mine.npz

--models is a models folder, or the downloaded files; --clip holds 000001.png ... and boxes.npy (T, 4), centre x, y, width,
height in px; FEATURES.npy (T, 2048) float32 of consecutive frames.
Runs in the environment of the mpsnet profile. Bodies are the fast path's; --plain takes the plain network's.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden_arrays import body_arrays, estimate_of, theta
from peer_arrays import peer_arrays, window_ends

from backend.base.devices import choose_device
from backend.models.body import BodyModel
from backend.models.mpsnet import Encoding, MPSNet
from backend.models.regressor import BodyEstimate
from backend.paper.checkpoints import add_models
from backend.paper.features import FeatureExtractor, crop, normalise
from backend.paper.models_folder import EngineArrays, load_engine_arrays
from backend.paper.networks import NETWORKS
from backend.paper.windowed_network import WINDOW, load_weights, make_mpsnet, window_indices
from mpsnet_blender.shared.engines.files import missing_files
from mpsnet_blender.shared.engines.table import find_engine

# The crops that are compared: frames with the boxes of their people, then with boxes partly outside the image.
CROPS_OF_FRAMES = (0, 13, 39)
CROPS_OUTSIDE = ((5, (12.5, 30.25, 150.0, 150.0)), (7, (600.0, 340.0, 333.3, 333.3)))
CROP_SCALE = NETWORKS["mpsnet"].crop_scale
DEMO_BOX_SCALE = 1.2  # what the published demo takes for the image's camera, beside 1.1 for the crop
DEMO_BATCH = 64
WINDOW_OF_OUTPUT, WINDOWS_OF_TRAINING = 20, (20, 21)
COMPARED_VERTICES = (slice(None), slice(None, None, 13))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--engine", choices=list(NETWORKS), default="mpsnet")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--clip", type=Path, help="of MPS-Net")
    source.add_argument("--features", type=Path, help="of its peers")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--release-batching", type=int, help="repeat the published mixing in batches of this many windows")
    parser.add_argument("--plain", action="store_true", help="bodies of the plain network instead of the fast path's")
    parser.add_argument("--device", default="cpu", help="as for `mocap.py evaluate`")
    given = parser.parse_args()
    torch.set_grad_enabled(False)
    if (given.engine == "mpsnet") != (given.clip is not None):
        parser.error("give --clip for mpsnet, and --features for the others")
    arrays = load(given.models, given.engine)
    if given.clip:
        results = clip_results(given, arrays)
    else:
        results = peer_arrays(given.engine, arrays, np.load(given.features), given.device)
    np.savez_compressed(given.out, **results)
    print(f"{len(results)} arrays in {given.out}")


def clip_results(given: argparse.Namespace, arrays: EngineArrays) -> dict[str, np.ndarray]:
    """Return MPS-Net's stages from a clip's pictures on."""
    device = choose_device(given.device)
    boxes = np.load(given.clip / "boxes.npy")[:given.frames]
    extractor = FeatureExtractor(arrays.spin, device, print)
    pictures = zip(frames(given.clip, given.frames), boxes, strict=True)
    features = extractor.extract(crop(frame, box, CROP_SCALE) for frame, box in pictures)
    image = next(frames(given.clip, 1))
    results = clip_arrays(given.clip, boxes) | {"features": features} | window_arrays(len(features))
    windows = torch.from_numpy(features)[window_indices(len(features))]
    network = load_weights(MPSNet(), arrays.network)
    body = BodyModel(arrays.body, arrays.extra_regressor, arrays.h36m_regressor)
    encoding, estimate = encode(network, windows, given.release_batching)
    if not given.plain:
        estimate = estimate_of(make_mpsnet(arrays.network, device, given.release_batching).run(features))
    prefix = f"n{given.release_batching or 1}_"
    found = encoding_arrays(encoding) | body_arrays(body, estimate, COMPARED_VERTICES) | {
        "orig_cam": demo_camera(estimate.weak_cam.numpy(), boxes, image.shape)}
    results |= {prefix + name: array for name, array in found.items()}
    if given.release_batching == DEMO_BATCH:
        results["demo_orig_cam"] = found["orig_cam"]
        results["demo_bboxes"] = boxes * np.float32((1, 1, DEMO_BOX_SCALE, DEMO_BOX_SCALE))
    return results | training_arrays(network, windows)


def load(folder: Path, engine_name: str) -> EngineArrays:
    """Return an engine's arrays from a models folder, or from downloaded files."""
    engine = find_engine(engine_name)
    if not missing_files(folder, engine):
        return load_engine_arrays(folder, engine)
    with tempfile.TemporaryDirectory() as converted:
        add_models(folder, Path(converted), print)
        return load_engine_arrays(Path(converted), engine)


def frames(clip: Path, count: int) -> Iterator[np.ndarray]:
    """Yield the clip's frames (H, W, 3) uint8 BGR."""
    for number in range(1, count + 1):
        yield cv2.imread(str(clip / f"{number:06d}.png"))


def clip_arrays(clip: Path, boxes: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the clip is, and the crops that are compared."""
    digest = hashlib.sha256()
    cases = {index: (boxes[index],) for index in CROPS_OF_FRAMES if index < len(boxes)}
    cases |= {index: (np.float32(box),) for index, box in CROPS_OUTSIDE if index < len(boxes)}
    crops = {}
    for index, image in enumerate(frames(clip, len(boxes))):
        digest.update(np.ascontiguousarray(image[..., ::-1]).tobytes())
        if index in cases:
            crops[index] = crop(image, cases[index][0], CROP_SCALE)
    stacked = np.stack([crops[index] for index in cases])
    return {"boxes": boxes, "frames_sha256": np.array(digest.hexdigest()), "crop_frame": np.array(list(cases)),
            "crop_box": np.stack([box for box, in cases.values()]), "crop_rgb": stacked,
            "crop_norm_stride4": normalise(torch.from_numpy(stacked)).numpy()[:, :, ::4, ::4]}


def window_arrays(frame_count: int) -> dict[str, np.ndarray]:
    """Return every window's frames, and its first and last as the published list has them: counted from the end there."""
    windows = window_indices(frame_count)
    return {"window_frames": windows, "seq_list": window_ends(windows)}


def encode(network: MPSNet, windows: torch.Tensor, release_batching: int | None) -> tuple[list[Encoding], BodyEstimate]:
    """Run the plain network in batches of `release_batching` windows, or one by one without mixing."""
    parts = [network(batch, release_batching is not None) for batch in windows.split(release_batching or 1)]
    estimates = [part[0] for part in parts]
    return [part[1] for part in parts], BodyEstimate(*(
        torch.cat([getattr(estimate, name) for estimate in estimates]) for name in ("rotmats", "betas", "weak_cam")))


def encoding_arrays(encodings: list[Encoding]) -> dict[str, np.ndarray]:
    """Return the encoder's maps, scores and output under the golden names."""
    parts = {"nssm": lambda e: e.maps.nssm, "dot": lambda e: e.maps.attention, "moca": lambda e: e.maps.fused,
             "enc": lambda e: e.feature, "scores": lambda e: e.scores}
    return {name: torch.cat([part(encoding) for encoding in encodings]).numpy() for name, part in parts.items()}


def demo_camera(weak_cam: np.ndarray, boxes: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray:
    """Return the demo's camera of the whole image (T, 4), scale x, y and shift x, y, with its scale of 1.2."""
    size = np.array((image_shape[1], image_shape[0]), np.float32)
    scale = weak_cam[:, :1] * boxes[:, 2:3] * DEMO_BOX_SCALE / size
    shift = (boxes[:, :2] - size / 2) / (size / 2) / scale + weak_cam[:, 1:]
    return np.concatenate((scale, shift), axis=1).astype(np.float32)


def training_arrays(network: MPSNet, windows: torch.Tensor) -> dict[str, np.ndarray]:
    """Return what the published code gives in training, dropout off, of a batch of two windows.

    The estimate is there three times. What it hands to the motion discriminator is the sequence Z (N, C, T) reshaped
    to (N T, C) without a transposition: every row mixes frames and channels. It is repeated here to compare.
    """
    if len(windows) <= max(WINDOWS_OF_TRAINING):
        return {}
    estimate, encoding = network(windows[list(WINDOWS_OF_TRAINING)], release_batching=True)
    mixed = encoding.sequence.transpose(1, 2).reshape(-1, network.config.feature_size)
    for_discriminator = theta(network.estimate(mixed)).reshape(len(WINDOWS_OF_TRAINING), WINDOW, -1)
    single = network(windows[[WINDOW_OF_OUTPUT]])[1].sequence.transpose(1, 2)
    return {"w20_out_seq": single.numpy(), "train_w20_21_theta": np.repeat(theta(estimate)[:, None], 3, axis=1),
            "train_w20_21_theta_forDM": for_discriminator}


if __name__ == "__main__":
    main()
