"""How times and ends of processes are told, in the panel, in the shell and in reports alike."""

from __future__ import annotations

import signal


def format_clock(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where there are any: "1:15", "1:02:03"."""
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def describe_exit(exit_code: int) -> str:
    """Return how a process ended in words: "exit code 3", "signal SIGKILL"."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"
