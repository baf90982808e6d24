"""Runs a module of this Python that ends when its parent does: `python -I tied_program.py MODULE [ARGUMENT ...]`.

The parent holds its standard input, which ends with the parent, however that was killed: a pip that went on by itself would
write into the folder that the next set-up makes anew. Needs only the standard library.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main(arguments: list[str]) -> None:
    """Run the module that the first argument names, with the others."""
    tie = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what the module starts must not inherit a pipe that is being read
    threading.Thread(target=_end_with_parent, args=(tie,), daemon=True).start()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _end_with_parent(tie: int) -> None:
    while os.read(tie, 1):
        continue
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # its children too: venv starts one
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
