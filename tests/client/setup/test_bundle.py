"""A complete zip: the set-up takes packages and models out of the extension's folder, and asks no network."""

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from mpsnet_blender.client import backend_environment
from mpsnet_blender.client.backend_environment import BackendEnvironment, Profile
from mpsnet_blender.client.setup.bundle import MODELS, WHEELS, Bundle, Description, digest
from mpsnet_blender.client.setup.landmark_models import ModelFolder
from mpsnet_blender.client.setup.python_environment import Packages, PythonEnvironment
from mpsnet_blender.client.setup.setup_errors import ModelsError
from tests.client.conftest import MODEL_CONTENT

REQUIREMENTS = "tinything==1.0\n"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def bundle(tmp_path, wheels, monkeypatch):
    """A bundle for this computer and Python, with tinything and one model; the index that pip is told to use does not answer."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    folder = tmp_path / "extension" / "bundle"
    (folder / MODELS).mkdir(parents=True)
    (folder / MODELS / "a.tflite").write_bytes(MODEL_CONTENT)
    wheels.rename(folder / WHEELS)
    made = Bundle(folder)
    made.write(Description(sys.platform, platform.machine(), (PYTHON,), digest(REQUIREMENTS)))
    return made


def test_a_bundle_serves_its_computers_pythons_and_requirements_alone(bundle):
    assert bundle.serves(REQUIREMENTS) and bundle.serves(REQUIREMENTS, f"{PYTHON}.99")
    assert not bundle.serves(REQUIREMENTS, "3.99.1") and not bundle.serves("tinything==2.0\n")
    elsewhere = Description("plan9", platform.machine(), (PYTHON,), digest(REQUIREMENTS))
    bundle.write(elsewhere)
    assert not Bundle(bundle.folder).serves(REQUIREMENTS)


def test_a_plain_zip_has_no_bundle(tmp_path):
    none = Bundle(tmp_path / "bundle")
    assert not none.serves(REQUIREMENTS) and none.find_model("a.tflite") is None


def test_packages_are_installed_from_the_bundle_without_the_index(tmp_path, bundle, run):
    environment = PythonEnvironment(tmp_path / "home", "tiny", Packages(REQUIREMENTS, ("tinything",), 1, 1), bundle=bundle)
    python = environment.ensure(run)
    assert subprocess.check_output([python, "-c", "import tinything; print(tinything.version)"], text=True) == "1.0\n"


def test_models_are_copied_from_the_bundle_and_checked_like_a_download(tmp_path, bundle, model_wheel, run):
    models = ModelFolder(tmp_path / "home", model_wheel(), bundle)
    assert models.is_bundled
    models.ensure(run, Path("no python is asked"))
    assert (tmp_path / "home" / "a.tflite").read_bytes() == MODEL_CONTENT
    (bundle.folder / MODELS / "a.tflite").write_bytes(b"other")
    with pytest.raises(ModelsError, match=f"has SHA-256 {hashlib.sha256(b'other').hexdigest()}"):
        ModelFolder(tmp_path / "again", model_wheel(), bundle).ensure(run, Path("no python is asked"))


def test_what_lies_in_the_extension_is_not_downloaded(tmp_path, bundle, model_wheel, monkeypatch):
    monkeypatch.setattr(backend_environment, "EXTENSION_ROOT", bundle.folder.parent)
    monkeypatch.setattr(Profile, "packages", lambda self: Packages(REQUIREMENTS, (), 171, 810))
    monkeypatch.setitem(backend_environment.PROFILES, "tiny", Profile("x", (), 171, 810, model_wheel()))
    environment = BackendEnvironment(tmp_path / "home", "tiny")
    assert (environment.is_ready(), environment.download_megabytes, environment.disk_megabytes) == (False, 0, 811)
    environment.ensure(lambda message: None)
    assert environment.is_ready()
    (bundle.folder / MODELS / "a.tflite").unlink()
    assert BackendEnvironment(tmp_path / "other", "tiny").download_megabytes == 1
