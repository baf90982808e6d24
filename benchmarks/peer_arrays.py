"""SPIN, VIBE, TCMR and MEVA on features, as arrays to compare with those of the published code."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from golden_arrays import body_arrays, crop_translation, estimate_of, theta

from backend.base.devices import choose_device
from backend.models.body import BodyModel
from backend.models.meva import MEVA
from backend.models.regressor import BodyEstimate
from backend.models.tcmr import TCMR, FastTCMR
from backend.models.vibe import VIBE
from backend.paper.chunked_network import CHUNK, OVERLAP, ChunkedNetwork, chunk_starts
from backend.paper.models_folder import EngineArrays
from backend.paper.networks import make_network
from backend.paper.sequential_network import SequentialNetwork
from backend.paper.windowed_network import CENTRE, load_weights, window_indices

COMPARED_VERTICES = (slice(None, None, 4), slice(None, None, 26))
COMPARED_CHANNELS = slice(None, None, 4)
EVALUATED_WINDOW, RESTARTS = 16, 24       # frames, of VIBE's evaluation and of a golden array
EVALUATED_OVERLAP = 10                    # frames, of MEVA's evaluation
COMPARED_WINDOW = 20                      # of TCMR


def peer_arrays(method: str, arrays: EngineArrays, features: np.ndarray, device_name: str) -> dict[str, np.ndarray]:
    """Return what a method makes of features (T, 2048): its engine's results, and those of its network's stages."""
    device = choose_device(device_name)
    body = BodyModel(arrays.body, arrays.extra_regressor, arrays.h36m_regressor)
    if method == "meva" and len(features) > CHUNK:
        return long_meva_arrays(arrays.network, body, features, device)
    estimate = estimate_of(make_network(method, arrays.network, device).run(features))
    found = body_arrays(body, estimate, COMPARED_VERTICES)
    if method == "spin":
        bodies = body(estimate.rotmats, estimate.betas)
        found = {name: found[name] for name in ("rotmat", "kp_3d", "verts_sub")} | {
            "betas": estimate.betas.numpy(), "cam": estimate.weak_cam.numpy(),
            "joints17": (arrays.h36m_regressor @ bodies.vertices.numpy()).astype(np.float32),
            "cam_t": crop_translation(estimate.weak_cam).numpy()}
    stages = {"vibe": vibe_stages, "tcmr": tcmr_stages, "meva": meva_stages}.get(method)
    named = {f"{method}_{name}": array for name, array in found.items()}
    return named | (stages(arrays.network, features, device) if stages else {})


def vibe_stages(weights: Mapping[str, np.ndarray], features: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """Return the encoder's output, windows that begin without a past (the rest is left out), and a state that begins anew."""
    encoded = load_weights(VIBE(), weights).encoder(torch.from_numpy(features))[0]
    whole = len(features) // EVALUATED_WINDOW * EVALUATED_WINDOW
    found = {"vibe_enc": encoded.numpy()[:, COMPARED_CHANNELS]}
    for name, count, frames in (("vibe16", EVALUATED_WINDOW, whole), ("vibe_b24", RESTARTS, len(features))):
        motion = SequentialNetwork(weights, device, restart_every=count).run(features[:frames])
        found |= {f"{name}_theta": theta(estimate_of(motion)), f"{name}_rotmat": motion.rotmats}
    return found


def tcmr_stages(weights: Mapping[str, np.ndarray], features: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """Return the windows, the encoder's output and weights, and one window's features of past, future and all."""
    windows = window_indices(len(features))
    network = FastTCMR(load_weights(TCMR(), weights))
    fused, parts, scores = network.encode(torch.from_numpy(features), torch.from_numpy(windows))
    found = {"tcmr_seq_list": window_ends(windows), "tcmr_window_frames": windows,
             "tcmr_enc": fused.numpy()[:, COMPARED_CHANNELS], "tcmr_scores": scores.numpy()}
    if len(features) > COMPARED_WINDOW:
        one = torch.stack((parts[COMPARED_WINDOW, 0], parts[COMPARED_WINDOW, 2], fused[COMPARED_WINDOW]))
        found["tcmr_w20_past_future_fused"] = one.numpy()[:, COMPARED_CHANNELS]
    return found


def window_ends(windows: np.ndarray) -> np.ndarray:
    """Return every window's first and last frame as the published list has them: at the clip's end counted from there."""
    ends = windows[:, (0, -1)]
    at_the_end = (ends[:, 0] == ends[:, 1]) & (ends[:, 0] >= CENTRE)
    return np.where(at_the_end[:, None], ends - len(windows), ends)


def meva_stages(weights: Mapping[str, np.ndarray], features: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """Return the encoder's output, the latent vector and the coarse poses of a clip that is one chunk."""
    encoding = load_weights(MEVA(), weights).encode(torch.from_numpy(features)[None])
    return {"meva_enc": encoding.sequence[0].numpy()[:, COMPARED_CHANNELS], "meva_z": encoding.latent[0].numpy(),
            "meva_vae_pose6d": encoding.coarse_pose[0].numpy()}


def long_meva_arrays(weights: Mapping[str, np.ndarray], body: BodyModel, features: np.ndarray,
                     device: torch.device) -> dict[str, np.ndarray]:
    """Return a clip of more than one chunk, cut from chunk to chunk as published. The engine blends them instead."""
    network = ChunkedNetwork(weights, device)
    found = {}
    for name, overlap in (("demo", OVERLAP), ("eval", EVALUATED_OVERLAP)):
        chunks = published_chunks(len(features), overlap)
        parts = network.run_chunks(features, [first for first, *_ in chunks])
        vectors = np.concatenate([part[begin:end] for part, (_, _, begin, end) in zip(parts, chunks, strict=True)])
        estimate = BodyEstimate.from_vector(torch.from_numpy(vectors))
        found |= {f"meva_{name}_chunks": np.array(chunks), f"meva_{name}_theta": theta(estimate),
                  f"meva_{name}_rotmat": estimate.rotmats.numpy()}
        if name == "demo":
            bodies = body(estimate.rotmats, estimate.betas)
            found["meva_demo_kp_3d"] = body.joints_49(bodies).numpy()
    return found


def published_chunks(frame_count: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Return first frame, last frame, and the part that is taken of each chunk, from and to, as the published code has them."""
    chunks, taken = [], 0
    for start in range(0, frame_count - CHUNK + 1, CHUNK - overlap):
        begin = overlap // 2 if start else 0
        chunks.append((start, start + CHUNK - 1, begin, CHUNK - overlap // 2))
        taken = start + CHUNK - overlap // 2
    last = chunk_starts(frame_count)[-1]
    chunks.append((last, frame_count - 1, taken - frame_count, CHUNK))
    return chunks
