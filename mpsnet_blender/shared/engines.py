"""The engines that a capture can be made with. A new one is a file of its name in `backend/engines/`, and an entry here."""

from __future__ import annotations

from dataclasses import dataclass

# The environments of the backend, by the names that their folders have: `client.backend_environment` says what is in each.
WITHOUT_TORCH, WITH_TORCH = "keypoints", "mpsnet"


@dataclass(frozen=True)
class EngineDeclaration:
    """One engine: its name in files, in the shell and of its module, what the panel says of it, and what it needs.

    profile: its environment; options: the fields of a `CaptureRequest` that it uses and not every engine does;
    needs_model_files: whether it lacks something without the authors' files that `engine_files` lists.
    """
    name: str
    label: str
    description: str
    profile: str
    options: tuple[str, ...] = ()
    needs_model_files: bool = False


# The first is the default. Blender keeps a choice by its number: add new ones at the end.
ENGINES = (
    EngineDeclaration("keypoints", "Landmarks", "Works at once on any computer: body landmarks, lifted by our trained network",
                      WITHOUT_TORCH, options=("lifter",)),
    EngineDeclaration("mpsnet", "MPS-Net", "The network of the CVPR 2022 paper, with its authors' files, which you download",
                      WITH_TORCH, options=("device",), needs_model_files=True),
)
DEFAULT_ENGINE = ENGINES[0]


def engine_named(name: str) -> EngineDeclaration:
    """Return the engine of that name. Raises KeyError."""
    return {engine.name: engine for engine in ENGINES}[name]
