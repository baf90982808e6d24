"""The errors of a set-up: one class for each problem that a user can solve."""

from __future__ import annotations


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
