"""The messages between a backend process and its parent: one JSON object in each line of the child's stdout.

The child sends Hello first and exactly one final message (Result, Error or Cancelled) last. Closing the child's stdin
is the request to cancel. Needs only the standard library, because the set-up uses it before numpy is installed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

PROTOCOL_VERSION = 1
SECONDS_BETWEEN_SIGNS = 2.0     # of life: costs nothing noticeable

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_NOBODY_FOUND = 3
EXIT_CANCELLED = 130


class ProtocolError(ValueError):
    """A line from the child is no message of this version."""


class ProtocolVersionError(ProtocolError):
    """The child's Hello has another version: add-on and backend are not from the same installation."""


@dataclass(frozen=True)
class Hello:
    """First message: the program's name and the version of its messages."""
    program: str
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class Progress:
    """How far the job is. `stage`: title of its present stage, such as "Finding people"; `done` of `total` (0: unknown) `unit`s
    of this stage, at `rate` units a second. Of the whole job: `seconds_left`, and `job_share`, how much is done (0..1)."""
    stage: str
    done: float
    total: float
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None
    job_share: float | None = None


def share_of_job(shares: Mapping[str, float], stage: str, done: float, total: float) -> float | None:
    """Return how much of a job is done (0..1), whose stages in order have these shares of its time (their sum is 1); None where
    the stage has no share, or its length (`total`) is unknown."""
    if stage not in shares or total <= 0:
        return None
    stages = list(shares)
    return sum(shares[name] for name in stages[:stages.index(stage)]) + shares[stage] * min(1.0, done / total)


@dataclass(frozen=True)
class Log:
    """A text for the user: level is "info" or "warning"."""
    level: str
    message: str


@dataclass(frozen=True)
class Finding:
    """One line of a check: what was looked at, and in words what is there or what is wrong. `advice` says what to do where
    something is wrong; `remedy` names what does it: "setup", "repair" (the packages are installed anew), "folder" (another one is
    chosen); nothing where no command or button can."""
    subject: str
    words: str
    is_well: bool = True
    advice: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Alive:
    """A sign of life, sent every `SECONDS_BETWEEN_SIGNS` however long a step takes: a process without them hangs."""


@dataclass(frozen=True)
class Result:
    """Final: the job is done. `path` is the capture's folder (or another result), `summary` one line about it."""
    path: str
    summary: str = ""


@dataclass(frozen=True)
class Error:
    """Final: the job failed. `kind` is a class name that programs may test, `advice` what to do about it."""
    kind: str
    message: str
    advice: str = ""
    log_tail: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class Cancelled:
    """Final: the job was cancelled."""
    message: str = "Cancelled."


Message = Hello | Progress | Log | Alive | Finding | Result | Error | Cancelled
MESSAGE_TYPES = {cls.__name__.lower(): cls for cls in (Hello, Progress, Log, Alive, Finding, Result, Error, Cancelled)}
FinalMessage = Result | Error | Cancelled
FINAL_TYPES = (Result, Error, Cancelled)


def encode(message: Message) -> bytes:
    """Return the message as one line of ASCII JSON with its newline."""
    fields = {"type": type(message).__name__.lower(), **dataclasses.asdict(message)}
    return json.dumps(fields, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes | str) -> Message:
    """Return the message of one line. Raises ProtocolError on anything else, ProtocolVersionError on a
    Hello of another version."""
    try:
        fields = json.loads(line)
        cls = MESSAGE_TYPES[fields.pop("type")]
        known = {f.name for f in dataclasses.fields(cls)}
        message = cls(**{key: value for key, value in fields.items() if key in known})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"Not a backend message: {line[:200]!r} ({error}).") from None
    if isinstance(message, Hello) and message.protocol_version != PROTOCOL_VERSION:
        raise ProtocolVersionError(
            f"The backend speaks protocol {message.protocol_version}, this add-on {PROTOCOL_VERSION}. "
            "Reinstall the extension so that both come from one version.")
    return message
