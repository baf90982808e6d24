"""The errors of a set-up: one class for each problem that a user can solve."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class SetupError(Exception):
    """An environment cannot be set up or used; `str()` says what happened and where, `advice` what to do."""

    def __init__(self, message: str, advice: str = ""):
        super().__init__(message)
        self.advice = advice


class NotSetUpError(SetupError):
    """The environment is used before it was set up."""


class NoPythonError(SetupError):
    """No Python on this computer can make an environment."""


class NoNetworkError(SetupError):
    """The package index cannot be reached."""


class DiskFullError(SetupError):
    """There is not enough room for the environment."""


class FolderError(SetupError):
    """The home folder cannot be written."""


class PackagesError(SetupError):
    """pip cannot install the packages, or they do not work on this computer."""


class ModelsError(SetupError):
    """A downloaded model file is not the expected one."""


class SetupCancelled(Exception):
    """The set-up was cancelled."""


def make_folder_error(home: Path, error: OSError) -> SetupError:
    """Return the error for a home folder in which files cannot be made or read, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"The disk of {home} is full.", "Free some space on that disk, then try again.")
    return FolderError(f"The home folder {home} cannot be used: {_describe_obstacle(home, error)}.",
                       "Choose another one (in the shell by the environment variable MPSNET_HOME, in Blender by Folder in this "
                       "add-on's preferences), or make this one writable.")


def _describe_obstacle(home: Path, error: OSError) -> str:
    file = next((path for path in (home, *home.parents) if os.path.isfile(path)), None)
    if file is not None:
        return f"{file} is a file" if file == home else f"{file} in its path is a file"
    if error.errno == errno.EROFS:
        return "its disk can only be read"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"you may not write {error.filename or 'there'}"
    return str(error)
