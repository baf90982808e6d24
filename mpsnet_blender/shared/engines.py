"""Declarations of the engines. A new engine needs a file in `backend/engines/`, and an entry here."""

from __future__ import annotations

from dataclasses import dataclass

# Names of the backend's environments, and of their folders; `client.backend_environment` lists their packages.
WITHOUT_TORCH, WITH_TORCH = "keypoints", "mpsnet"


@dataclass(frozen=True)
class EngineDeclaration:
    """One engine. name: in files and in the shell; label and description: for the panel; profile: its environment; module: its
    file in `backend/engines/`; options: the fields of a `CaptureRequest` that it uses but not every engine does; model_files:
    the keys of the authors' files in `engine_files` that it needs."""
    name: str
    label: str
    description: str
    profile: str
    module: str
    options: tuple[str, ...] = ()
    model_files: tuple[str, ...] = ()


def _on_image_features(name: str, label: str, description: str, *model_files: str) -> EngineDeclaration:
    """Return an engine whose network takes SPIN's image features, with its authors' files."""
    return EngineDeclaration(name, label, description, WITH_TORCH, "image_features", ("device",),
                             (*model_files, "spin", "smpl_neutral"))


# The first is the default. Blender saves the number of the chosen one, so that new ones must be added at the end.
ENGINES = (
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
DEFAULT_ENGINE = ENGINES[0]


def find_engine(name: str) -> EngineDeclaration:
    """Return the engine of that name. Raises KeyError."""
    return {engine.name: engine for engine in ENGINES}[name]
