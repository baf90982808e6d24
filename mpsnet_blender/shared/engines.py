"""Declarations of the engines. A new engine needs a file with its name in `backend/engines/`, and an entry here."""

from __future__ import annotations

from dataclasses import dataclass

# Names of the backend's environments, and of their folders; `client.backend_environment` lists their packages.
WITHOUT_TORCH, WITH_TORCH = "keypoints", "mpsnet"


@dataclass(frozen=True)
class EngineDeclaration:
    """One engine. name: in files, in the shell and of its module; label and description: for the panel; profile: its environment;
    options: the fields of a `CaptureRequest` that it uses but not every engine does; needs_model_files: whether it needs the
    authors' files that `engine_files` lists."""
    name: str
    label: str
    description: str
    profile: str
    options: tuple[str, ...] = ()
    needs_model_files: bool = False


# The first is the default. Blender saves the number of the chosen one, so that new ones must be added at the end.
ENGINES = (
    EngineDeclaration("keypoints", "Landmarks", "Works at once on any computer: body landmarks, lifted by our trained network",
                      WITHOUT_TORCH, options=("lifter",)),
    EngineDeclaration("mpsnet", "MPS-Net", "The network of the CVPR 2022 paper, with its authors' files, which you download",
                      WITH_TORCH, options=("device",), needs_model_files=True),
)
DEFAULT_ENGINE = ENGINES[0]


def find_engine(name: str) -> EngineDeclaration:
    """Return the engine of that name. Raises KeyError."""
    return {engine.name: engine for engine in ENGINES}[name]
