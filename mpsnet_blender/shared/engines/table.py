"""Declarations of the engines. A new engine needs a file in `backend/engines/`, and an entry here; or, outside of the project, a
file as `outside` has it."""

from __future__ import annotations

from zlib import crc32

from ..user_home import default_home
from .declaration import WITH_TORCH, WITHOUT_TORCH, EngineDeclaration
from .outside import find_outside_engines


def _on_image_features(name: str, label: str, description: str, *model_files: str) -> EngineDeclaration:
    """Return an engine whose network takes SPIN's image features, with its authors' files."""
    return EngineDeclaration(name, label, description, WITH_TORCH, "image_features", ("device",),
                             (*model_files, "spin", "smpl_neutral"))


# The first is the default. Blender saves the number of the chosen one, so that new ones must be added at the end.
_OURS = (
    EngineDeclaration("keypoints", "Landmarks", "Works at once on any computer: body landmarks, lifted by our trained network",
                      WITHOUT_TORCH, "keypoints", options=("lifter",)),
    _on_image_features("mpsnet", "MPS-Net", "The network of the CVPR 2022 paper, with its authors' files, which you download",
                       "mpsnet"),
    _on_image_features("spin", "SPIN", "Every frame alone (SPIN, ICCV 2019): needs no more files than MPS-Net, but trembles"),
    _on_image_features("vibe", "VIBE", "The network of VIBE (CVPR 2020), which only looks back in time, with its authors' files",
                       "vibe"),
    _on_image_features("tcmr", "TCMR", "The network of TCMR (CVPR 2021), about as smooth as MPS-Net, with its authors' files",
                       "tcmr"),
    _on_image_features("meva", "MEVA", "The network of MEVA (ACCV 2020), which takes three seconds as a whole, with its authors' "
                       "files", "meva"),
)
AUTOMATIC_ENGINE = "auto"       # for the shell: no engine may have this name
_OUTSIDE = tuple(find_outside_engines(default_home() / "engines", {AUTOMATIC_ENGINE, *(engine.name for engine in _OURS)}))
ENGINES = (*_OURS, *(engine for engine in _OUTSIDE if isinstance(engine, EngineDeclaration)))
# Sentences on files in the folder of engines that are none.
REFUSED_ENGINES = tuple(refused for refused in _OUTSIDE if isinstance(refused, str))
DEFAULT_ENGINE = ENGINES[0]
_FIRST_OUTSIDE_NUMBER, _OUTSIDE_NUMBERS = 1_000, 1_000_000


def find_engine(name: str) -> EngineDeclaration:
    """Return the engine of that name. Raises KeyError."""
    return {engine.name: engine for engine in ENGINES}[name]


def number_of(engine: EngineDeclaration) -> int:
    """Return the number that Blender saves for an engine: of one from outside, by its name, as others may come or go."""
    return _OURS.index(engine) if engine in _OURS else _FIRST_OUTSIDE_NUMBER + crc32(engine.name.encode()) % _OUTSIDE_NUMBERS
