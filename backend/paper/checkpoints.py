"""Adds downloaded files to the models folder: recognised by content, checked, and converted to plain arrays once."""

from __future__ import annotations

import contextlib
import pickle
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mpsnet_blender.shared.npz_reading import UNREADABLE

from ..base.errors import ModelError, OutputError
from ..models.meva import MEVA
from ..models.mpsnet import MPSNet
from ..models.resnet import ResNet50
from ..models.tcmr import TCMR
from ..models.vibe import VIBE
from .frame_network import make_regressor
from .model_sources import ModelSource, UnsafeModelError, find_sources
from .models_folder import MODEL_FILES, save_model
from .smpl_files import find_gender, is_body, make_body_arrays, read_pickle

_REGRESSOR_SHAPES = {"extra_joints": (9, 6890), "h36m_joints": (17, 6890)}
_MEAN_SHAPES = {"pose": (144,), "shape": (10,), "cam": (3,)}
# torch's older files, which are no zips, begin with this pickled number.
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_TORCH_SUFFIXES = (".tar", ".pth", ".pt")
_UNNEEDED_SUFFIX = ".p"       # of MEVA's model_1000.p, a pickle of tensors, which a safe reader has to refuse
# A checkpoint's `performance` may be a numpy scalar: these names make one, and nothing else.
_SCALAR = np._core.multiarray.scalar  # type: ignore[attr-defined]  # private, but a pickled scalar refers to it
_SAFE_GLOBALS: list[Callable | tuple[Callable, str]] = [
    (_SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
_SAFE_GLOBALS += [np.dtype, *(type(np.dtype(code)) for code in ("f4", "f8", "i8"))]
# A weight of each checkpoint that no other has, the model's key, and its network, which says what else the file must hold.
_CHECKPOINT_KINDS: tuple[tuple[str, str, tuple[Callable[[], nn.Module], ...]], ...] = (
    ("nonlocalblock.conv_phi.weight", "mpsnet", (MPSNet,)), ("encoder.gru.weight_ih_l0", "vibe", (VIBE,)),
    ("encoder.gru_cur.weight_ih_l0", "tcmr", (TCMR,)), ("feat_encoder.gru.weight_ih_l0", "meva", (MEVA,)),
    ("layer1.0.conv1.weight", "spin", (ResNet50, make_regressor)))
_CHECK_SOURCE = "Download it from its authors again."
_WANTED_FILES = "Choose one of: " + ", ".join(file.original_name for file in MODEL_FILES.values()) + "."


@dataclass(frozen=True)
class RecognisedModel:
    """A model found in a file: its key in `MODEL_FILES`, and the arrays to keep."""
    key: str
    arrays: dict[str, np.ndarray]


class _OtherFileError(ModelError):
    """A file that is intact but none of the models."""


def add_models(source: Path, folder: Path, report: Callable[[str], None]) -> list[str]:
    """Add every model in a folder, a file or a zip to the models folder; return their keys in `MODEL_FILES`.

    Raises ModelError (UnsafeModelError among them) where a file is refused or damaged, after adding those that are
    sound, and where there is no model; OutputError where the folder cannot be written. Nothing read is executed.
    """
    added, refused = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".add-") as scratch:
            for candidate in find_sources(source, Path(scratch)):
                try:
                    model = recognise(candidate)
                except _OtherFileError as error:
                    if candidate.path == source:
                        raise
                    report(f"Left out: {error}")
                except ModelError as error:
                    refused.append(error)
                else:
                    save_model(folder, model.key, model.arrays, candidate.name)
                    report(f"Added {MODEL_FILES[model.key].purpose}, from {candidate.name}.")
                    added.append(model.key)
    except OSError as error:
        raise OutputError(f"Cannot work in {folder}: {error.strerror or error}.",
                          "Free some space, or choose a folder that you may write to.") from error
    if refused:
        worst = next((error for error in refused if isinstance(error, UnsafeModelError)), refused[0])
        raise type(worst)(" ".join(map(str, refused)), worst.advice)
    if not added:
        raise ModelError(f"{source} holds none of the models.", _WANTED_FILES)
    return added


def recognise(source: ModelSource) -> RecognisedModel:
    """Return the model that a file holds. Raises ModelError, with key and shape where those are wrong."""
    try:
        with open(source.path, "rb") as stream:
            head = stream.read(len(_LEGACY_TORCH))
    except OSError as error:
        raise ModelError(f"Cannot open {source.name}: {error.strerror}.", "Check the file's permissions.") from error
    lower_name = source.name.lower()
    if lower_name.endswith(_UNNEEDED_SUFFIX):
        raise _OtherFileError(f"{source.name} was not opened: no model needs it. MEVA's autoencoder lies in its "
                              f"{MODEL_FILES['meva'].original_name} too.", _WANTED_FILES)
    if head.startswith(b"\x93NUMPY"):
        return _recognise_array(_load_array(source), source.name)
    if head.startswith(b"PK") and not lower_name.endswith((".pkl", *_TORCH_SUFFIXES)) and _is_numpy_archive(source):
        return _recognise_arrays(_load_arrays(source), source.name)
    if head.startswith(b"PK") or head == _LEGACY_TORCH:
        return _recognise_checkpoint(_load_torch(source), source.name)
    if tarfile.is_tarfile(source.path):
        raise _OtherFileError(f"{source.name} is a tar archive.", "Unpack it and choose the folder.")
    if head.startswith(b"\x80") or lower_name.endswith((".pkl", ".pickle", *_TORCH_SUFFIXES)):
        return _recognise_body(read_pickle(source.path, source.name), source.name)
    if lower_name.endswith((".npy", ".npz")):
        raise ModelError(f"{source.name} is truncated, or not an array file.", _CHECK_SOURCE)
    raise _OtherFileError(f"{source.name} is none of the models.", _WANTED_FILES)


def _is_numpy_archive(source: ModelSource) -> bool:
    try:
        with zipfile.ZipFile(source.path) as archive:
            return all(name.endswith(".npy") for name in archive.namelist())
    except UNREADABLE as error:
        raise ModelError(f"{source.name} is truncated or damaged ({error}).", _CHECK_SOURCE) from error


def _load_array(source: ModelSource) -> np.ndarray:
    """Return the array of a `.npy`."""
    with _report_damage(source):
        return np.load(source.path, allow_pickle=False)


def _load_arrays(source: ModelSource) -> dict[str, np.ndarray]:
    """Return the arrays of a `.npz` by name."""
    with _report_damage(source), np.load(source.path, allow_pickle=False) as archive:
        return {name: _read_array(archive, name) for name in archive.files}


@contextlib.contextmanager
def _report_damage(source: ModelSource) -> Iterator[None]:
    """Raise ModelError where numpy cannot read the file, or would have to read it as a pickle."""
    try:
        yield
    except UNREADABLE as error:
        raise ModelError(f"{source.name} is truncated or damaged, or holds pickled objects ({error}).",
                         "Download it again; of an SMPL body, choose the .pkl.") from error


def _read_array(archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    array = archive[name]
    return array if array.ndim else array[None]


def _recognise_array(array: np.ndarray, name: str) -> RecognisedModel:
    for key, shape in _REGRESSOR_SHAPES.items():
        if array.shape == shape:
            return RecognisedModel(key, {"regressor": _convert_finite(array, "the array", name)})
    wanted = " or ".join(f"{shape} ({MODEL_FILES[key].original_name})" for key, shape in _REGRESSOR_SHAPES.items())
    raise _OtherFileError(f"{name} holds an array of shape {array.shape}, expected {wanted}.", _WANTED_FILES)


def _recognise_arrays(arrays: Mapping[str, np.ndarray], name: str) -> RecognisedModel:
    if not _MEAN_SHAPES.keys() <= arrays.keys():
        return _recognise_body(arrays, name)
    for key, shape in _MEAN_SHAPES.items():
        if arrays[key].shape != shape:
            raise ModelError(f"{name}: {key} has shape {arrays[key].shape}, expected {shape}.", _CHECK_SOURCE)
    return RecognisedModel("mean_parameters", {key: _convert_finite(arrays[key], key, name) for key in _MEAN_SHAPES})


def _recognise_body(contents: Mapping[str, object], name: str) -> RecognisedModel:
    if not is_body(contents):
        raise _OtherFileError(f"{name} is none of the models.", _WANTED_FILES)
    return RecognisedModel(f"smpl_{find_gender(name)}", make_body_arrays(contents, name))


def _load_torch(source: ModelSource) -> Mapping[str, object]:
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            contents = torch.load(source.path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL (\S+)|class (\S+) ", str(error))
        if asked is None:
            raise ModelError(f"{source.name} is not a checkpoint, or is damaged.", _CHECK_SOURCE) from error
        raise UnsafeModelError(f"{source.name} is refused: it asks for {asked[1] or asked[2]}, which a checkpoint does not "
                               "need. Nothing of it was executed.", _CHECK_SOURCE) from error
    except (*UNREADABLE, AttributeError, LookupError, AssertionError) as error:
        raise ModelError(f"{source.name} is truncated or damaged ({_first_line(error)}).", _CHECK_SOURCE) from error
    if not isinstance(contents, Mapping):
        raise _OtherFileError(f"{source.name} holds no dictionary of weights.", _WANTED_FILES)
    return contents


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _recognise_checkpoint(contents: Mapping[str, object], name: str) -> RecognisedModel:
    """Return the network, recognised by one of its weights, under the key of its authors or on the top level."""
    weights = contents.get("gen_state_dict", contents.get("model", contents))
    by_key = weights if isinstance(weights, Mapping) else {}
    for weight, key, parts in _CHECKPOINT_KINDS:
        if weight in by_key:
            return RecognisedModel(key, _select_weights(by_key, _find_shapes(parts), name))
    raise _OtherFileError(f"{name} holds the weights of none of the networks (its first is {next(iter(by_key), 'missing')}).",
                          _WANTED_FILES)


def _select_weights(by_key: Mapping[str, object], shapes: Mapping[str, torch.Size], name: str) -> dict[str, np.ndarray]:
    """Return the weights named in `shapes`, float32; others, such as SMPL's in `regressor.smpl.*`, are left out."""
    missing = [key for key in shapes if key not in by_key]
    if missing:
        raise ModelError(f"{name} lacks {missing[0]} {tuple(shapes[missing[0]])} and {len(missing) - 1} other weights of "
                         f"{len(shapes)}: it is a checkpoint of another network.", _WANTED_FILES)
    arrays = {}
    for key, shape in shapes.items():
        weight = by_key[key]
        if not isinstance(weight, Tensor) or weight.layout != torch.strided:
            raise ModelError(f"{name}: {key} is not a dense tensor.", _CHECK_SOURCE)
        if weight.shape != shape:
            raise ModelError(f"{name}: {key} has shape {tuple(weight.shape)}, expected {tuple(shape)}.", _CHECK_SOURCE)
        arrays[key] = _convert_finite(weight.detach().float().numpy(), key, name)
    return arrays


def _convert_finite(array: np.ndarray, key: str, name: str) -> np.ndarray:
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ModelError(f"{name}: {key} holds values that are not finite numbers.", _CHECK_SOURCE)
    return np.ascontiguousarray(array, dtype=np.float32)


def _find_shapes(parts: tuple[Callable[[], nn.Module], ...]) -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {key: weight.shape for make in parts for key, weight in make().state_dict().items()
                if not key.endswith("num_batches_tracked")}
