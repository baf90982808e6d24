"""What a complete zip has inside the extension: the packages' wheels for one platform, and all models. It needs no network."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DESCRIPTION, WHEELS, MODELS = "bundle.json", "wheels", "models"


def digest(requirements: str) -> str:
    """Return by what a bundle names the requirements that its wheels satisfy."""
    return hashlib.sha256(requirements.encode()).hexdigest()


@dataclass(frozen=True)
class Description:
    """The content of a bundle: `sys.platform` and `platform.machine()` of its computers, its Pythons ("3.11"), and the digest of
    the requirements."""
    system: str
    machine: str
    pythons: tuple[str, ...]
    requirements: str


class Bundle:
    """The folder of a bundle. It may not exist: a plain zip has none. Its description is read once."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    @cached_property
    def description(self) -> Description | None:
        """The content of the bundle; None where there is none, or it is damaged."""
        try:
            fields = json.loads((self.folder / DESCRIPTION).read_text(encoding="utf-8"))
            return Description(fields["system"], fields["machine"], tuple(fields["pythons"]), fields["requirements"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, description: Description) -> None:
        """Write the description into the folder. Raises OSError."""
        (self.folder / DESCRIPTION).write_text(json.dumps(vars(description), indent=1), encoding="utf-8")

    def serves(self, requirements: str, python: str = "") -> bool:
        """Whether the wheels satisfy these requirements on this computer for a Python ("3.11.7"; this one where empty)."""
        found = self.description
        version = ".".join((python or platform.python_version()).split(".")[:2])
        return (found is not None and (found.system, found.machine) == (sys.platform, platform.machine())
                and version in found.pythons and found.requirements == digest(requirements))

    @property
    def pip_options(self) -> tuple[str, ...]:
        """pip's options to install from the wheels alone."""
        return ("--no-index", f"--find-links={self.folder / WHEELS}")

    def find_model(self, name: str) -> Path | None:
        """Return the bundled file of a model, None where there is none."""
        path = self.folder / MODELS / name
        return path if path.is_file() else None
