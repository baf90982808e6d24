"""Too little memory: told before a backend starts where a limit makes it certain, and recognised where a backend ended by it."""

from __future__ import annotations

import sys
from dataclasses import replace

from ..shared.protocol import Error
from .setup.setup_errors import SetupError

if sys.platform != "win32":
    import resource

# MB of addresses. The sample clip, with `ulimit -v` and every quality's models: with one core it failed at 1,126 and ran at
# 1,229, with two it failed at 1,434 and ran at 1,536.
_TOO_FEW = 1130
_ONE_CORE, _FURTHER_CORE = 1230, 310
_AMPLE = _ONE_CORE + 7 * _FURTHER_CORE  # for the eight workers that a capture has at most

# What libraries say when they get no memory, in lower case. "failed to map": the loader of a package's library.
_SIGNS = ("memoryerror", "out of memory", "cannot allocate memory", "failed to map segment", "memory allocation still failed",
          "bad_alloc", "can't start new thread", "cannot start new thread", "insufficient memory", "paging file is too small",
          "unable to allocate", "failed to create xnnpack runtime")
_LIMIT_ADVICE = "Raise the limit: in a shell by `ulimit -v unlimited`, in a cluster's job by asking for more memory."
_ADVICE = "Close other programs, or capture a part of the video (Start and End; --start and --end)."


class MemoryLimitError(SetupError):
    """A limit leaves the backend too little memory."""


def require_addresses() -> None:
    """Raise MemoryLimitError where a limit on this process, which its children inherit, is too low for any capture."""
    limit = find_limit()
    if limit is not None and limit < _TOO_FEW:
        raise MemoryLimitError(f"There is too little memory for a capture. {describe_limit()}", _LIMIT_ADVICE)


def describe_limit() -> str:
    """Return in words a limit that may be too low for a capture; nothing where there is none."""
    limit = find_limit()
    if limit is None or limit > _AMPLE:
        return ""
    return (f"Programs started here may use {limit:,.0f} MB; a capture needs about {_ONE_CORE:,} MB with one core and "
            f"{_FURTHER_CORE} MB for each further one.")


def find_limit() -> float | None:
    """Return the limit on the addresses of this process in MB, None where there is none."""
    if sys.platform == "win32":
        return None
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft / 1e6


def explain_shortage(error: Error) -> Error:
    """Return the error in words where it came from a lack of memory, else as it is."""
    if error.kind == "BackendDied" and error.exit_code == -9:
        return replace(error, message=f"{error.message} Perhaps the system ended it because the memory was full.", advice=_ADVICE)
    said = f"{error.message}\n{error.log_tail}".lower()
    if not any(sign in said for sign in _SIGNS):
        return error
    limit = describe_limit()
    return replace(error, kind="MemoryError", message=f"The backend got too little memory. {limit}".strip(),
                   advice=_LIMIT_ADVICE if limit else _ADVICE, log_tail=f"{error.message}\n{error.log_tail}".strip())
