"""What the panel, the shell and the backend must know of an engine before it runs."""

from __future__ import annotations

from dataclasses import dataclass

# Names of the backend's environments, and of their folders; `client.backend_environment` lists their packages.
WITHOUT_TORCH, WITH_TORCH = "keypoints", "mpsnet"


@dataclass(frozen=True)
class EngineDeclaration:
    """One engine. name: in files and in the shell; label and description: for the panel; profile: its environment; module: its
    file, by name in `backend/engines/` or as a path; options: the fields of a `CaptureRequest` that it uses but not every engine
    does; model_files: the keys of the authors' files in `files.MODEL_FILES` that it needs."""
    name: str
    label: str
    description: str
    profile: str
    module: str
    options: tuple[str, ...] = ()
    model_files: tuple[str, ...] = ()
