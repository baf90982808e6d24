"""A stand-in for the backend: `child_script.py BEHAVIOUR [FILE]` speaks the protocol and then misbehaves as asked."""

import os
import signal
import subprocess
import sys
import threading
import time

from mpsnet_blender.shared import protocol

STDOUT = os.fdopen(os.dup(1), "wb", buffering=0)
SLEEPER = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]


def send(message):
    STDOUT.write(protocol.encode(message))


def work_until_cancelled():
    stopped = threading.Event()

    def watch():
        sys.stdin.buffer.read()
        stopped.set()

    threading.Thread(target=watch, daemon=True).start()
    while not stopped.wait(0.02):
        send(protocol.Progress("work", 1, 2))


def show_life():
    while True:
        send(protocol.Alive())
        time.sleep(0.05)


def main(behaviour, file):
    if behaviour == "old":
        STDOUT.write(b'{"type": "hello", "program": "old", "protocol_version": 0}\n')
        time.sleep(60)
    send(protocol.Hello("child"))
    if behaviour == "result":
        send(protocol.Progress("work", 1, 2))
        send(protocol.Result("folder"))
    elif behaviour == "noise":
        os.system("echo noise from a C library")
        print("noise from python", flush=True)
        os.write(1, b"\xff\xfe broken bytes\n[1, 2]\n" + b"[" * 100_000 + b"\n")
        send(protocol.Result("folder"))
    elif behaviour == "flood":
        for done in range(20_000):
            send(protocol.Progress("work", done, 20_000))
        os._exit(4)
    elif behaviour == "two finals":
        send(protocol.Result("first"))
        send(protocol.Result("second"))
    elif behaviour == "hang after result":
        send(protocol.Result("folder"))
        time.sleep(60)
    elif behaviour == "abort":
        print("last words", file=sys.stderr, flush=True)
        os.abort()
    elif behaviour == "exit":
        sys.exit(7)
    elif behaviour == "die with grandchild":
        grandchild = subprocess.Popen(SLEEPER)
        send(protocol.Log("info", str(grandchild.pid)))
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "die with escaped grandchild":
        grandchild = subprocess.Popen(SLEEPER, start_new_session=True)
        send(protocol.Log("info", str(grandchild.pid)))
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "obey":
        work_until_cancelled()
        send(protocol.Cancelled())
        sys.exit(protocol.EXIT_CANCELLED)
    elif behaviour == "live":
        threading.Thread(target=show_life, daemon=True).start()
        sys.stdin.buffer.read()
        send(protocol.Cancelled())
    elif behaviour == "error on cancel":
        work_until_cancelled()
        send(protocol.Error("VideoError", "The pipe broke."))
    elif behaviour == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        grandchild = subprocess.Popen(SLEEPER)
        send(protocol.Log("info", str(grandchild.pid)))
        time.sleep(60)
    elif behaviour == "parent":
        parent(file)


def parent(file):
    """Start a child that stops when asked, write its id, and wait to be killed."""
    from pathlib import Path

    from mpsnet_blender.client.backend_process import BackendProcess

    child = BackendProcess([sys.executable, __file__, "obey"], Path.cwd(), Path(file))
    send(protocol.Log("info", str(child._process.pid)))
    time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
