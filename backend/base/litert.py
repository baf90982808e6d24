"""Runs LiteRT models on all cores: one single-threaded interpreter for each worker, faster than one with many threads."""

from __future__ import annotations

import copy
import hashlib
import mmap
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from .errors import ModelError
from .tflite_graph import keep_outputs

T = TypeVar("T")
_MAX_WORKERS = 8        # enough for the readings of several people at once; each has an interpreter in memory
_stderr_lock = threading.Lock()


@dataclass(frozen=True)
class ModelFile:
    """A model's file and its SHA-256."""
    name: str
    sha256: str


class Model:
    """A TFLite file with one input; `model(batch)` returns its outputs. Any thread may call it."""

    def __init__(self, path: Path, sha256: str, output_sizes: Collection[int] = ()):
        """output_sizes: the numbers of values of the outputs that are wanted (default: all outputs); others are not computed.

        Raises ModelError where the file is missing or damaged.
        """
        _verify(path, sha256)
        self._path, self._output_sizes = path, output_sizes
        self._content, self._lock = b"", threading.Lock()
        self._threads, self._local = 1, threading.local()

    def spread(self, threads: int) -> Model:
        """Return the model, one call of which takes so many threads: for few calls, and the memory of one interpreter."""
        model = copy.copy(self)
        model._threads, model._local = threads, threading.local()
        return model

    def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the model's outputs (each with a leading 1) for one float32 input (1, H, W, 3)."""
        interpreter = self._interpreter()
        interpreter.set_tensor(self._local.input_index, batch)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in self._local.output_indices]

    def _interpreter(self) -> Interpreter:
        if not hasattr(self._local, "interpreter"):
            try:
                with hide_info_lines():
                    interpreter = Interpreter(model_content=self._read_content(), num_threads=self._threads)
                    interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"LiteRT cannot load {self._path}: {error}", "Set the backend up again.") from error
            self._local.input_index = interpreter.get_input_details()[0]["index"]
            self._local.output_indices = [detail["index"] for detail in interpreter.get_output_details()]
            self._local.interpreter = interpreter
        return self._local.interpreter

    def _read_content(self) -> bytes:
        """Return the file with the wanted outputs, which all threads' interpreters share."""
        with self._lock:
            if not self._content:
                # Mapped, not read: C's allocator keeps blocks of the size of the largest one that was ever given back (glibc), so
                # that no interpreter's memory would be given back to the system.
                with open(self._path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
                    self._content = keep_outputs(whole, self._output_sizes) if self._output_sizes else whole[:]
            return self._content


@contextmanager
def hide_info_lines() -> Iterator[None]:
    """Remove lines that begin with "INFO:" from stderr; the others are written when the block ends.

    LiteRT's C++ code writes there which delegate it made, in the middle of a progress bar, and has no setting against that.
    """
    with _stderr_lock, tempfile.TemporaryFile() as captured:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            captured.seek(0)
            os.write(2, b"".join(line for line in captured if not line.startswith(b"INFO:")))


def _verify(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise ModelError(f"There is no model file {path}.",
                         "Run `python3 mocap.py capture ...`, or set the backend up in Blender: both fetch it.")
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ModelError(f"{path} is damaged: its checksum is wrong.", "Delete it and set the backend up again.")


class Workers:
    """A thread pool of the machine's cores. `map` keeps order; use as a context manager."""

    def __init__(self, count: int | None = None):
        self.count = count or max(1, min(_MAX_WORKERS, _available_cores()))
        self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="inference")

    def map(self, function: Callable, items: Iterable) -> list:
        return list(self._pool.map(function, items))

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Run a function as soon as a core is free."""
        return self._pool.submit(function, *arguments)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
