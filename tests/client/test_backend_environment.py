import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import timeit
from pathlib import Path

import pytest

from mpsnet_blender.client import backend_environment, backend_process
from mpsnet_blender.client.backend_environment import EXTENSION_ROOT, BackendEnvironment, Profile
from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.client.child_process import child_environ
from mpsnet_blender.client.setup.installed_files import find_packages_folder
from mpsnet_blender.client.setup.landmark_models import ModelFile, NpmPackage
from mpsnet_blender.client.setup.setup_errors import FolderError, NotSetUpError, make_folder_error
from mpsnet_blender.shared.protocol import Cancelled, Error, Hello, Log, Progress
from mpsnet_blender.shared.user_home import default_home
from tests.waiting import LONG, comes_true


@pytest.fixture
def silent_index(monkeypatch):
    """A package index that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        yield


@pytest.fixture
def tiny_profile(monkeypatch, packages, model_wheel):
    profile = Profile("requirements-keypoints.txt", (), 1, 1, model_wheel())
    monkeypatch.setattr(Profile, "packages", lambda self: packages())
    monkeypatch.setitem(backend_environment.PROFILES, "tiny", profile)


def start_setup(home):
    environment = BackendEnvironment(home)
    return BackendProcess(environment.setup_command(), EXTENSION_ROOT, home / "process.log")


def processes_of(home):
    """Return the ids of the processes whose command line names that folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(home).encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def fastest_seconds(function):
    """Return how long a function takes when nothing else has the processor."""
    return min(timeit.repeat(function, number=1, repeat=100))


def environments_in(home):
    return [path for path in (home / "environments").iterdir() if path.is_dir()]


def wait_for_pip(process, home):
    """Wait until the set-up has started pip in a separate process."""
    for message in process.messages():
        if isinstance(message, Progress) and message.stage == "packages":
            break
    assert comes_true(lambda: len(processes_of(home)) >= 2)


def test_the_home_is_chosen_by_the_environment_variable_or_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.delenv("MPSNET_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert sys.platform != "linux" or default_home() == tmp_path / "share" / "mpsnet-blender"


def test_nothing_is_touched_before_the_set_up(tmp_path):
    environment = BackendEnvironment(tmp_path / "home")
    assert not environment.is_ready()
    with pytest.raises(NotSetUpError):
        environment.backend_command()
    assert environment.setup_command()[1:3] == ["-m", "mpsnet_blender.client.backend_environment"]
    assert not (tmp_path / "home").exists()


def test_a_set_up_makes_the_environment_and_the_models_and_is_quick_to_find(tmp_path, tiny_profile, monkeypatch):
    monkeypatch.delenv("MPSNET_CACHE", raising=False)
    environment = BackendEnvironment(tmp_path / "home", "tiny")
    reported = []
    environment.ensure(reported.append)
    assert environment.is_ready() and BackendEnvironment(tmp_path / "home", "tiny").is_ready()
    assert {report.stage for report in reported if isinstance(report, Progress)} == {
        "environment", "packages", "installing", "models"}
    assert environment.backend_command("capture", "clip.mp4") == [
        str(environment.python), "-m", "backend", "--models", str(environment.models_folder),
        "--checkpoints", str(environment.checkpoints_folder), "--kept-in", str(tmp_path / "home" / "cache"),
        "capture", "clip.mp4"]
    # A panel asks each time that it is drawn: it costs what asking for the times of a few files costs.
    assert fastest_seconds(environment.is_ready) < 200 * fastest_seconds(environment.python.stat)
    count = len(reported)
    environment.ensure(reported.append)
    assert len(reported) == count


def test_a_set_up_that_examines_first_repairs_what_is_damaged_and_says_so(tmp_path, tiny_profile):
    environment, reported = BackendEnvironment(tmp_path / "home", "tiny"), []
    environment.ensure(reported.append)
    module = find_packages_folder(environment.python.parents[1]) / "tinything.py"
    module.unlink()
    environment.ensure(reported.append)
    assert not module.exists()          # it costs some seconds: only on demand
    environment.ensure(reported.append, examine=True)
    assert module.exists() and environment.find_damage() == ""
    assert Log("warning", "The packages are damaged and are installed anew: tinything.py is missing or damaged.") in reported


def test_the_quality_best_fetches_its_model_into_an_environment_that_is_there(tmp_path, tiny_profile, monkeypatch):
    fetched = []

    def fetch(_package, _run, _python, folder):
        fetched.append(folder)
        (folder / "large.tflite").write_bytes(b"large")

    model = ModelFile("large.tflite", "package/large.tflite", hashlib.sha256(b"large").hexdigest())
    monkeypatch.setattr(NpmPackage, "fetch", fetch)
    monkeypatch.setitem(backend_environment._MODELS_OF_QUALITY, "best", (NpmPackage("large", "1.0", 41, 28, model),))
    fast, best = (BackendEnvironment(tmp_path / "home", "tiny", quality) for quality in ("fast", "best"))
    assert (fast.download_megabytes, best.download_megabytes, best.disk_megabytes) == (2, 43, 30)
    fast.ensure(lambda message: None)
    assert fast.is_ready() and not fetched
    assert (best.is_ready(), best.serves_fast(), best.download_megabytes, best.disk_megabytes) == (False, True, 41, 28)
    assert "--profile tiny --quality best" in " ".join(best.setup_command())
    best.ensure(lambda message: None)
    assert best.is_ready() and len(fetched) == 1 and (best.models_folder / "large.tflite").read_bytes() == b"large"
    best.ensure(lambda message: None)
    assert len(fetched) == 1 and (fast.download_megabytes, best.download_megabytes) == (0, 0)


def test_the_preferred_python_is_handed_to_the_set_up(tmp_path):
    command = BackendEnvironment(tmp_path).setup_command("/opt/mine/python3.12")
    assert command[0] != "/opt/mine/python3.12"
    assert command[command.index("--python") + 1] == "/opt/mine/python3.12"


@pytest.mark.parametrize(("home", "obstacle"), [("file", "file is a file"), ("file/home", "file in its path is a file")])
def test_a_home_that_cannot_be_made_is_reported(tmp_path, tiny_profile, home, obstacle):
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=f"{home} cannot be used: .*{obstacle}") as caught:
        BackendEnvironment(tmp_path / home, "tiny").ensure(lambda message: None)
    assert "MPSNET_HOME" in caught.value.advice


@pytest.mark.parametrize(("number", "words"), [
    (errno.EROFS, "The home folder /h cannot be used: its disk can only be read."),
    (errno.EACCES, "The home folder /h cannot be used: you may not write /h/logs."),
    (errno.ENOSPC, "The disk of /h is full.")])
def test_why_a_home_cannot_be_used_is_told_in_words(number, words):
    assert str(make_folder_error(Path("/h"), OSError(number, "system's words", "/h/logs"))) == words


def test_a_cancelled_set_up_stops_by_itself_and_leaves_nothing(tmp_path, silent_index, monkeypatch):
    monkeypatch.setattr(backend_process, "TERMINATE_AFTER", 2 * LONG)      # nobody helps
    with start_setup(tmp_path) as process:
        wait_for_pip(process, tmp_path)
        process.cancel()
        assert isinstance(list(process.messages())[-1], Cancelled)
        assert process.wait(LONG) and process.exit_code == 130
    assert processes_of(tmp_path) == []
    assert environments_in(tmp_path) == []


def test_a_set_up_that_is_given_up_leaves_no_process(tmp_path, silent_index):
    process = start_setup(tmp_path)
    wait_for_pip(process, tmp_path)
    process.kill()
    assert processes_of(tmp_path) == []


def test_a_set_up_ends_with_its_parent(tmp_path, silent_index):
    command = [*BackendEnvironment(tmp_path).setup_command()]
    script = ("import subprocess, sys, time; "
              "p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", script, *command], env=child_environ(), stdout=subprocess.PIPE)
    with parent:
        while b'"packages"' not in parent.stdout.readline():
            continue
        parent.send_signal(signal.SIGKILL)
    assert comes_true(lambda: processes_of(tmp_path) == [])
    assert environments_in(tmp_path) == []


def test_a_set_up_that_is_killed_leaves_no_pip_behind_and_the_next_one_starts_anew(tmp_path, silent_index):
    process = start_setup(tmp_path)
    wait_for_pip(process, tmp_path)
    os.kill(process._process.pid, signal.SIGKILL)       # the set-up alone, not its group
    assert comes_true(lambda: processes_of(tmp_path) == [])
    (leftover,) = environments_in(tmp_path)
    (leftover / "leftover").touch()
    with start_setup(tmp_path) as process:
        wait_for_pip(process, tmp_path)
        assert environments_in(tmp_path) == [leftover] and not (leftover / "leftover").exists()


def test_without_network_the_set_up_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    with start_setup(tmp_path) as process:
        messages = list(process.messages())
    assert isinstance(messages[0], Hello)
    assert isinstance(messages[-1], Error) and messages[-1].kind == "NoNetworkError"
    assert "Cannot reach the package index" in messages[-1].message and "HTTPS_PROXY" in messages[-1].advice


def test_a_child_keeps_bytecode_unless_the_user_wants_none(monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert "PYTHONDONTWRITEBYTECODE" not in child_environ()
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert child_environ()["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_home_of_the_parents_python_does_not_reach_a_child(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    assert "PYTHONHOME" not in child_environ()
