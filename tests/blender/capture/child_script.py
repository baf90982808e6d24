"""A child for the job tests that speaks the protocol: `child_script.py WHAT [FOLDER]`.

capture: some progress, then FOLDER as the result. crash: dies amid its work. error: reports one.
wait: works until cancelled. silent: shows life once and waits. setup: makes the file FOLDER. check: reports two findings.
"""

import os
import sys
import time
from pathlib import Path

from mpsnet_blender.shared.protocol import Alive, Cancelled, Error, Finding, Hello, Log, Progress, Result, encode


def _send(message) -> None:
    sys.stdout.buffer.write(encode(message))
    sys.stdout.buffer.flush()


def main(what: str, folder: str = "") -> None:
    _send(Hello("child"))
    _send(Progress("finding people", 30, 60, unit="frames", rate=12.5, seconds_left=75))
    if what == "crash":
        print("Traceback: the network went up in smoke", file=sys.stderr, flush=True)
        os._exit(7)
    if what == "error":
        _send(Error("VideoError", "Cannot read clip.mp4: no video stream.", "Re-encode it as MP4 (H.264)."))
        sys.exit(1)
    if what == "wait":
        sys.stdin.read()
        _send(Cancelled())
        sys.exit(130)
    if what == "silent":
        _send(Alive())
        sys.stdin.read()
        _send(Cancelled())
        sys.exit(130)
    if what == "setup":
        Path(folder).touch()
    if what == "check":
        _send(Finding("Disk", "63,000 MB free"))
        _send(Finding("numpy", "cannot be imported", False, "Install the packages anew.", "repair"))
        _send(Error("UnhealthyError", "Not in order: numpy.", "The lines above say how to mend it."))
        sys.exit(1)
    time.sleep(0.1)
    _send(Log("warning", "The floor was not seen."))
    _send(Result(folder, "2 people found."))


if __name__ == "__main__":
    main(*sys.argv[1:])
