"""The preprocessed test sets that authors of such networks distribute: which file, which keys, which joints, video by video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import DatasetError
from .joblib_files import JoblibDictionary, open_joblib

FEATURE_SIZE = 2048
# Of SPIN's 49 joints: the 14 in LSP's order, right ankle ... head, and MPI-INF-3DHP's 17, head ... pelvis, spine, head.
JOINTS_14 = tuple(range(25, 39))
JOINTS_17 = (38, 37, 33, 32, 31, 34, 35, 36, 27, 26, 25, 28, 29, 30, 39, 41, 43)


@dataclass(frozen=True)
class EvaluationSet:
    """One data set: its title, its files' names, the first found being taken; what is compared, and how.

    mpii3d_joints: 17 of the 49 joints about the pelvis instead of 14 by Human3.6M's regressor about the hips' middle.
    """
    title: str
    file_names: tuple[str, ...]
    mpii3d_joints: bool = False
    has_bodies: bool = False


EVALUATION_SETS = {
    "3dpw": EvaluationSet("3DPW", ("3dpw_test_db.pt",), has_bodies=True),
    "mpii3d": EvaluationSet("MPI-INF-3DHP", ("mpii3d_val_scale12_db.pt", "mpii3d_val_db.pt"), mpii3d_joints=True),
    "h36m": EvaluationSet("Human3.6M", (
        "h36m_test_25fps_nosmpl_db.pt", "h36m_test_front_25fps_tight_nosmpl_db.pt", "h36m_test_front_25fps_tight_db.pt",
        "h36m_test_25fps_db.pt", "h36m_test_db.pt")),
}


@dataclass(frozen=True)
class EvaluationVideo:
    """One video: features (T, 2048), joints (T, 14 or 17, 3) in metres, is_valid (T,) poses that count.

    poses (T, 72) rotation vectors and betas (T, 10), where the set has bodies.
    """
    name: str
    features: np.ndarray
    joints: np.ndarray
    is_valid: np.ndarray
    poses: np.ndarray | None = None
    betas: np.ndarray | None = None


def find_set(dataset: str, place: Path) -> Path:
    """Return the data set's file in a folder (or below), or the file itself. Raises DatasetError, with the names."""
    names = EVALUATION_SETS[dataset].file_names
    if place.is_file():
        return place
    for name in names:
        if found := sorted(place.rglob(name)):
            return found[0]
    raise DatasetError(f"There is no {' nor '.join(names)} in {place}.",
                       "Get the preprocessed sets from the authors (MPS-Net's or TCMR's pages), and give their folder.")


@contextmanager
def open_set(dataset: str, path: Path) -> Iterator[Videos]:
    """Open a set. Raises DatasetError, with the wrong key and shape, where the file is none."""
    with open_joblib(path) as contents:
        yield Videos(EVALUATION_SETS[dataset], contents, path.name)


class Videos:
    """The videos of a set, read from the file one at a time."""

    def __init__(self, test_set: EvaluationSet, contents: JoblibDictionary, file_name: str):
        self._set, self._file_name = test_set, file_name
        self._names = contents.array("vid_name")
        if self._names.ndim != 1 or self._names.dtype.kind not in "US" or not len(self._names):
            raise DatasetError(f"{file_name}: vid_name has shape {self._names.shape}, expected a name for every frame.",
                               "Choose one of the authors' preprocessed sets.")
        self._features = self._column(contents, "features", ((FEATURE_SIZE,),))
        self._joints = self._column(contents, "joints3D", ((49, 3),) if test_set.mpii3d_joints else ((14, 3), (49, 3)))
        self._used = self._column(contents, "valid", ((), (1,))) if "valid" in contents else None
        self._valid = self._column(contents, "valid_i", ((), (1,))) if test_set.mpii3d_joints else None
        self._poses, self._betas = (self._column(contents, key, ((size,),)) if test_set.has_bodies else None
                                    for key, size in (("pose", 72), ("shape", 10)))

    @property
    def frame_count(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[EvaluationVideo]:
        order = np.argsort(self._names, kind="stable")
        names, starts = np.unique(self._names[order], return_index=True)
        for name, rows in zip(names, np.split(order, starts[1:]), strict=True):
            if self._used is not None:
                rows = rows[self._used[rows].reshape(len(rows)).astype(bool)]
            yield self._video(str(name), rows)

    def _video(self, name: str, rows: np.ndarray) -> EvaluationVideo:
        joints = np.array(self._joints[rows], dtype=np.float64)
        if joints.shape[1] == 49:
            joints = joints[:, JOINTS_17 if self._set.mpii3d_joints else JOINTS_14]
        is_valid = np.ones(len(rows), bool) if self._valid is None else self._valid[rows].reshape(len(rows)).astype(bool)
        parts: list[np.ndarray] = [np.array(self._features[rows], dtype=np.float32), joints]
        parts += [np.array(column[rows], dtype=np.float64) for column in (self._poses, self._betas) if column is not None]
        if not all(np.isfinite(part).all() for part in parts):
            raise DatasetError(f"{self._file_name}: {name} holds numbers that are not finite.", "Download it again.")
        return EvaluationVideo(name, parts[0], joints, is_valid, *parts[2:])

    def _column(self, contents: JoblibDictionary, key: str, shapes: tuple[tuple[int, ...], ...]) -> np.ndarray:
        """Return an array with a row of one of these shapes for every frame."""
        array = contents.array(key)
        if array.dtype.kind not in "fiub" or array.shape[:1] != self._names.shape or array.shape[1:] not in shapes:
            expected = " or ".join(str((len(self._names), *shape)) for shape in shapes)
            raise DatasetError(f"{self._file_name}: {key} has shape {array.shape} of {array.dtype}, expected {expected}.",
                               "Choose one of the authors' preprocessed sets.")
        return array
