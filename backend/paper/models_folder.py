"""The models folder of the engines on image features: its files, and how to read and write them.

The files are ours: plain arrays, made once by `checkpoints.add_models` from what the person has downloaded. No torch here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.engines.files import MODEL_FILES, ModelFile, missing_files
from mpsnet_blender.shared.engines.table import ENGINES, EngineDeclaration
from mpsnet_blender.shared.npz_reading import UNREADABLE
from mpsnet_blender.shared.whole_file import open_whole_file

from ..base.errors import ModelError, OutputError

_FORMAT_VERSION = 1
_VERSION_KEY, _SOURCE_KEY = "format_version", "source_name"


@dataclass(frozen=True)
class ModelState:
    """Whether a model file is in the folder, and from which file it was made ("" where it is not there)."""
    file: ModelFile
    is_present: bool
    source_name: str = ""


@dataclass(frozen=True)
class EngineArrays:
    """An engine's arrays: weights of its network and of SPIN's by checkpoint key (float32), the body's arrays, and regressors of
    further joints."""
    network: dict[str, np.ndarray]
    spin: dict[str, np.ndarray]
    body: dict[str, np.ndarray]
    extra_regressor: np.ndarray | None
    h36m_regressor: np.ndarray | None


def list_models(folder: Path) -> list[ModelState]:
    """Return the state of every model file, in the order in which to get them."""
    states = []
    for file in MODEL_FILES.values():
        is_present = (folder / file.file_name).is_file()
        source_name = str(_read(folder, file, (_SOURCE_KEY,))[_SOURCE_KEY]) if is_present else ""
        states.append(ModelState(file, is_present, source_name))
    return states


def describe_models(folder: Path) -> str:
    """Return a line for every model file: from what it was made, or where and under which licence to get it."""
    lines = []
    for state in list_models(folder):
        file = state.file
        if state.is_present:
            lines.append(f"here      {file.original_name}: {file.purpose} (from {state.source_name})")
        else:
            users = [engine.name for engine in ENGINES if file.key in engine.model_files]
            word = f"missing   {file.original_name} (engine {', '.join(users)})" if users else f"optional  {file.original_name}"
            lines.append(f"{word}: {file.purpose}; {file.site}; {file.licence}")
    return "\n".join(lines)


def require_models(folder: Path, engine: EngineDeclaration) -> None:
    """Raise ModelError if an engine cannot run; its advice says where to get the missing files."""
    missing = missing_files(folder, engine)
    if missing:
        names = ", ".join(f"{file.original_name} ({file.purpose})" for file in missing)
        places = "; ".join(dict.fromkeys(f"{file.site}: {file.licence}" for file in missing))
        raise ModelError(f"The engine {engine.name} lacks {names}.",
                         f"Download what is missing ({places}), then add it: `python3 mocap.py models add PATH`.")


def load_engine_arrays(folder: Path, engine: EngineDeclaration) -> EngineArrays:
    """Return the arrays of an engine on image features. Raises ModelError where a file is missing or damaged."""
    require_models(folder, engine)
    regressors = [load_model(folder, key)["regressor"] if (folder / MODEL_FILES[key].file_name).is_file() else None
                  for key in ("extra_joints", "h36m_joints")]
    parts = {key: load_model(folder, key) for key in engine.model_files}
    return EngineArrays(parts[engine.model_files[0]], parts["spin"], parts["smpl_neutral"], *regressors)


def load_model(folder: Path, key: str) -> dict[str, np.ndarray]:
    """Return the arrays of one model file of `MODEL_FILES`. Raises ModelError where it is missing or damaged."""
    file = MODEL_FILES[key]
    if not (folder / file.file_name).is_file():
        raise ModelError(f"There is no {file.original_name} ({file.purpose}) in {folder}.",
                         f"Download it from {file.site}, then add it: `python3 mocap.py models add PATH`.")
    arrays = _read(folder, file)
    return {name: array for name, array in arrays.items() if name not in (_VERSION_KEY, _SOURCE_KEY)}


def save_model(folder: Path, key: str, arrays: Mapping[str, np.ndarray], source_name: str) -> None:
    """Write one model file atomically. Raises OutputError."""
    path = folder / MODEL_FILES[key].file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open_whole_file(path) as stream:
            contents = {_VERSION_KEY: np.array(_FORMAT_VERSION), _SOURCE_KEY: np.array(source_name), **arrays}
            np.savez(stream, **contents)  # type: ignore[arg-type]  # no key is named allow_pickle
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.",
                          "Free some space, or choose a folder that you may write to.") from error


def _read(folder: Path, file: ModelFile, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    path = folder / file.file_name
    again = f"Add {file.original_name} again: `python3 mocap.py models add PATH`."
    try:
        with np.load(path, allow_pickle=False) as archive:
            version = int(archive[_VERSION_KEY])
            arrays = {name: archive[name] for name in names or archive.files}
    except UNREADABLE as error:
        raise ModelError(f"{path} is damaged ({error}).", again) from error
    if version != _FORMAT_VERSION:
        raise ModelError(f"{path} has format version {version}; this version reads {_FORMAT_VERSION}.", again)
    return arrays
