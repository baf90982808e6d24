"""Fixtures of the backend's tests: the models, the sample clip, and one capture of it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from backend.base.litert import Workers
from backend.video.frames import Frame, open_span, read_frames
from mpsnet_blender.client.backend_environment import EXTENSION_ROOT, BackendEnvironment, child_environ
from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.shared.user_home import default_home

SAMPLES = EXTENSION_ROOT / "samples"


@dataclass(frozen=True)
class Capture:
    """A finished capture: its folder, and all messages that the backend sent."""
    folder: Path
    messages: list
    exit_code: int


@pytest.fixture(scope="session")
def environment() -> BackendEnvironment:
    environment = BackendEnvironment(default_home())
    if not environment.is_ready():
        pytest.skip("the backend is not set up: python3 tests/run.py does it")
    return environment


@pytest.fixture(scope="session")
def models_folder(environment) -> Path:
    return environment.models_folder


@pytest.fixture(scope="session")
def workers():
    with Workers() as workers:
        yield workers


@pytest.fixture(scope="session")
def sample_clip() -> Path:
    return SAMPLES / "walk_turn.mp4"


@pytest.fixture(scope="session")
def sample_truth() -> Path:
    return SAMPLES / "walk_turn.npz"


@pytest.fixture(scope="session")
def sample_frames(sample_clip) -> list[Frame]:
    """The first three seconds of the sample clip."""
    return list(read_frames(open_span(sample_clip, 0.0, 3.0)))


@pytest.fixture(scope="session")
def true_points(sample_truth) -> tuple[list[str], np.ndarray]:
    """Names and image points (T, 23, 2) in px of the sample clip's person, by its truth."""
    with np.load(sample_truth) as truth:
        sine, cosine = np.sin(truth["pitch"]), np.cos(truth["pitch"])
        axes = np.array(((1, 0, 0), (0, -sine, -cosine), (0, cosine, -sine)))
        seen = (truth["K"].astype(float) - truth["cam"]) @ axes.T
        xy = truth["f"] * seen[..., :2] / seen[..., 2:] + truth["image_size"] / 2 - 0.5
        return [str(name) for name in truth["KL"]], xy


@pytest.fixture
def start_backend(environment, tmp_path):
    """A starter of backend processes, which are all stopped when the test ends."""
    started = []

    def start(*arguments, environ=None) -> BackendProcess:
        command = environment.backend_command(*map(str, arguments))
        process = BackendProcess(command, tmp_path, tmp_path / f"backend_{len(started)}.log", environ)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def run_backend(environment, tmp_path):
    """Runs the backend as a plain program; its stdin stays open until it ends."""
    def run(*arguments, environ=None, program=()) -> subprocess.CompletedProcess:
        command = [*program, *environment.backend_command(*map(str, arguments))]
        with subprocess.Popen(command, cwd=tmp_path, env=environ or child_environ(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            stdout, stderr = process.stdout.read(), process.stderr.read()
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    return run


@pytest.fixture(scope="session")
def sample_capture(environment, sample_clip, tmp_path_factory) -> Capture:
    """The whole sample clip, captured once with a preview."""
    folder = tmp_path_factory.mktemp("sample")
    command = environment.backend_command("capture", str(sample_clip), "--output", str(folder / "out"), "--preview")
    with BackendProcess(command, folder, folder / "backend.log") as process:
        messages = list(process.messages())
        process.wait(10)
    return Capture(folder / "out", messages, process.exit_code)
