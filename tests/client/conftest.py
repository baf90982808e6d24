"""Tiny wheels in a folder, so that environments are built without the network."""

import hashlib
import shutil
import zipfile

import pytest

from mpsnet_blender.client.setup import python_environment
from mpsnet_blender.client.setup.landmark_models import ModelFile, ModelWheel
from mpsnet_blender.client.setup.python_environment import Packages
from mpsnet_blender.client.setup.setup_steps import SetupRun

MODEL_CONTENT = b"a model"


@pytest.fixture(autouse=True)
def plain_pip(monkeypatch):
    """Keep this computer's pip configuration out of the tests."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.fixture(scope="session")
def made_environments(tmp_path_factory):
    """A folder for copies of environments with nothing but pip, and where each Python's copy lies."""
    return tmp_path_factory.mktemp("made"), {}


@pytest.fixture(autouse=True)
def environments_made_once(made_environments, monkeypatch):
    """Let `venv` make an environment once for each Python: those after it are copies. Making one takes 5 s, a copy 0.3 s."""
    kept, made = made_environments
    run_step = python_environment.run_step

    def run_or_copy(run, command, **options):
        if command[-2] != "venv":
            return run_step(run, command, **options)
        if (python := command[0]) in made:
            shutil.copytree(made[python], command[-1], symlinks=True)
            return ""
        done = run_step(run, command, **options)
        made[python] = shutil.copytree(command[-1], kept / str(len(made)), symlinks=True)
        return done

    monkeypatch.setattr(python_environment, "run_step", run_or_copy)


@pytest.fixture
def wheels(tmp_path):
    """A folder with tinything 1.0 and 2.0 and with tinymodels 1.0, which carries one model."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        write_wheel(folder, "tinything", version, {"tinything.py": f"version = '{version}'\n".encode()})
    write_wheel(folder, "tinymodels", "1.0", {"tinymodels/a.tflite": MODEL_CONTENT})
    return folder


def write_wheel(folder, name, version, files):
    """Write a pure wheel that holds these files, path to content."""
    about = f"{name}-{version}.dist-info"
    files = dict(files)
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"]).encode()
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)


@pytest.fixture
def packages(wheels):
    """A maker of Packages: tinything in the version asked for, out of the folder of wheels."""
    def make(version="1.0", imports=("tinything",)):
        text = f"--no-index\n--find-links {wheels}\ntinything=={version}\n"
        return Packages(text, imports, download_megabytes=1, disk_megabytes=1)
    return make


@pytest.fixture
def model_wheel(wheels):
    """A maker of ModelWheel: tinymodels, its model expected to have the hash of `content`."""
    def make(content=MODEL_CONTENT):
        model = ModelFile("a.tflite", "tinymodels/a.tflite", hashlib.sha256(content).hexdigest())
        return ModelWheel("tinymodels==1.0", ("--no-index", f"--find-links={wheels}"), 1, 1, (model,))
    return make


@pytest.fixture
def run(tmp_path):
    """A SetupRun whose reports are kept in `run.reported`."""
    reported = []
    run = SetupRun(reported.append, tmp_path / "setup.log")
    run.reported = reported
    return run
