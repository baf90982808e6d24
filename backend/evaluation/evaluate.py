"""`mocap.py evaluate`: a network on a preprocessed test set of image features, by the paper's measures, beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.engines.table import find_engine
from mpsnet_blender.shared.protocol import Result
from mpsnet_blender.shared.smpl_skeleton import JOINT_COUNT

from ..base.devices import choose_device
from ..base.errors import DatasetError, ModelError
from ..base.reporter import Reporter
from ..models.body import BodyModel
from ..paper.models_folder import EngineArrays, load_engine_arrays
from ..paper.networks import make_network
from ..paper.windowed_network import WINDOW
from .metrics import acceleration_errors, mpjpe, pa_mpjpe
from .preprocessed_sets import EVALUATION_SETS, JOINTS_17, EvaluationVideo, find_set, open_set

_STAGE = "Evaluating"
_BODIES_AT_ONCE = 128       # bounds memory
_MEASURES = ("PA-MPJPE", "MPJPE", "MPVPE", "Accel")
# Wei et al., "Capturing Humans in Motion", CVPR 2022, tables 1 to 3: mm and mm/frame^2, as _MEASURES.
_PAPER: dict[str, dict[str, tuple[float | None, ...]]] = {
    "3dpw": {"MPS-Net": (52.1, 84.3, 99.7, 7.4), "TCMR": (52.7, 86.5, 102.9, 7.1), "MEVA": (54.7, 86.9, None, 11.6),
             "VIBE": (57.6, 91.9, None, 25.4)},
    "mpii3d": {"MPS-Net": (62.8, 96.7, None, 9.6), "TCMR": (63.5, 97.3, None, 8.5), "MEVA": (65.4, 96.4, None, 11.1),
               "VIBE": (68.9, 103.9, None, 27.3)},
    "h36m": {"MPS-Net": (47.4, 69.4, None, 3.6), "TCMR": (52.0, 73.6, None, 3.9), "MEVA": (53.2, 76.0, None, 15.3),
             "VIBE": (53.3, 78.0, None, 27.3)},
}
_HIPS_OF_14, _PELVIS_OF_17 = [2, 3], [14]


@dataclass(frozen=True)
class PosedVideo:
    """The compared values of one video, in metres: joints (T, J, 3), and distances of vertices (T,) where there is a truth."""
    joints: np.ndarray
    vertex_distances: np.ndarray | None = None


@dataclass
class Totals:
    """Sums over the poses of all videos, by measure, and the numbers of poses."""
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_MEASURES, 0.0))
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_MEASURES, 0))
    videos: int = 0

    def add(self, posed: PosedVideo, video: EvaluationVideo) -> None:
        """Add a video. Joints are compared relative to the pelvis; invalid poses, and accelerations at the ends, are left out."""
        root = _PELVIS_OF_17 if video.joints.shape[1] == len(JOINTS_17) else _HIPS_OF_14
        ours = posed.joints - posed.joints[:, root].mean(1, keepdims=True)
        truth = video.joints - video.joints[:, root].mean(1, keepdims=True)
        valid = video.is_valid
        if not valid.any():
            return
        self.videos += 1
        self._add("MPJPE", mpjpe(ours[valid], truth[valid]), valid.sum())
        self._add("PA-MPJPE", pa_mpjpe(ours[valid], truth[valid]), valid.sum())
        accelerations = acceleration_errors(ours, truth)[valid[1:-1]]
        self._add("Accel", accelerations.mean() if len(accelerations) else 0.0, len(accelerations))
        if posed.vertex_distances is not None:
            self._add("MPVPE", 1000.0 * posed.vertex_distances[valid].mean(), valid.sum())

    def _add(self, measure: str, mean: float, count: int) -> None:
        self.sums[measure] += float(mean) * int(count)
        self.counts[measure] += int(count)

    def means(self) -> tuple[float | None, ...]:
        """Return the mean over all poses for each of the measures; None where nothing was compared."""
        return tuple(self.sums[name] / self.counts[name] if self.counts[name] else None for name in _MEASURES)


class Predictor:
    """The network and the body of an evaluation."""

    def __init__(self, method: str, arrays: EngineArrays, dataset: str, device: torch.device, release_batching: int | None):
        """method, release_batching: as in `networks.make_network`. Raises OptionError."""
        self._network = make_network(method, arrays.network, device, release_batching)
        self._mpii3d_joints = EVALUATION_SETS[dataset].mpii3d_joints
        self._body = BodyModel(arrays.body, arrays.extra_regressor, arrays.h36m_regressor).to(device)
        self._device = device

    @torch.inference_mode()
    def predict(self, video: EvaluationVideo) -> PosedVideo:
        """Return the joints of every frame of a video, as the engine computes it."""
        motion = self._network.run(video.features)
        joints, distances = [], []
        for part in frame_blocks(len(video.features), _BODIES_AT_ONCE):
            bodies = self._body(self._tensor(motion.rotmats[part]), self._tensor(motion.betas[part]))
            chosen = self._body.joints_49(bodies)[:, JOINTS_17] if self._mpii3d_joints else self._body.joints_14(bodies)
            joints.append(chosen.cpu().numpy().astype(np.float64))
            if video.poses is not None and video.betas is not None:
                true_vertices = self._true_vertices(video.poses[part], video.betas[part])
                distances.append((bodies.vertices - true_vertices).norm(dim=-1).mean(1).cpu().numpy())
        return PosedVideo(np.concatenate(joints), np.concatenate(distances) if distances else None)

    def _true_vertices(self, poses: np.ndarray, betas: np.ndarray) -> torch.Tensor:
        rotmats = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(-1, JOINT_COUNT, 3, 3)
        return self._body(self._tensor(rotmats), self._tensor(betas)).vertices

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self._device)


def evaluate(engine: str, dataset: str, place: Path, checkpoints: Path, device: str, release_batching: int | None,
             reporter: Reporter) -> Result:
    """Return the table of a data set. Raises DatasetError, ModelError, OptionError, CancelRequested.

    place: the set's file, or a folder with it. release_batching: as in `networks.NetworkKind`; published are 8 for MPS-Net,
    16 for VIBE.
    """
    chosen_device = choose_device(device)
    path = find_set(dataset, place)
    declaration = find_engine(engine)
    arrays = load_engine_arrays(checkpoints, declaration)
    _require_regressor(dataset, arrays)
    totals, done = Totals(), 0
    with open_set(dataset, path) as videos:
        predictor = Predictor(engine, arrays, dataset, chosen_device, release_batching)
        reporter.plan({_STAGE: 1.0})
        for video in videos:
            reporter.progress(_STAGE, done, videos.frame_count, "poses")
            # Shorter videos hold no window: the published evaluation leaves them out.
            if len(video.features) >= WINDOW:
                totals.add(predictor.predict(video), video)
            done += len(video.features)
        reporter.progress(_STAGE, videos.frame_count, videos.frame_count, "poses")
    if not totals.videos:
        raise DatasetError(f"{path} holds no video of {WINDOW} frames with valid poses.",
                           "Choose one of the authors' preprocessed sets.")
    return Result(str(path), format_table(dataset, totals, declaration.label))


def format_table(dataset: str, totals: Totals, label: str) -> str:
    """Return this run's means, under the engine's label, above those that the paper gives, in mm, acceleration in mm/frame^2."""
    rows = {f"{label} (here)": totals.means()} | {f"{name} (paper)": numbers for name, numbers in _PAPER[dataset].items()}
    lines = [f"{EVALUATION_SETS[dataset].title}: {totals.counts['MPJPE']} poses of {totals.videos} videos; mm, mm/frame^2",
             " " * 16 + "".join(f"{name:>10}" for name in _MEASURES)]
    for name, numbers in rows.items():
        lines.append(f"{name:<16}" + "".join(f"{'-' if number is None else format(number, '.1f'):>10}" for number in numbers))
    return "\n".join(lines)


def _require_regressor(dataset: str, arrays: EngineArrays) -> None:
    wants_extra = EVALUATION_SETS[dataset].mpii3d_joints
    if (arrays.extra_regressor if wants_extra else arrays.h36m_regressor) is None:
        name = "J_regressor_extra.npy" if wants_extra else "J_regressor_h36m.npy"
        raise ModelError(f"The evaluation lacks {name}, which finds the joints that are compared.",
                         "It is in the authors' archive; add it: `python3 mocap.py models add PATH`.")
