"""What the doctor sees from outside the backend's environment, and the remedies that it names."""

import json
import subprocess
import sys

import pytest

from mpsnet_blender.client import backend_environment, doctor
from mpsnet_blender.client.backend_environment import EXTENSION_ROOT, BackendEnvironment, Profile
from mpsnet_blender.client.child_process import child_environ
from mpsnet_blender.client.setup.installed_files import find_packages_folder
from mpsnet_blender.shared.protocol import Error, Finding


def examined(environment):
    """Return the final message of the doctor, and its findings by subject."""
    reported = []
    final = doctor.examine(environment, reported.append)
    return final, {finding.subject: finding for finding in reported if isinstance(finding, Finding)}


@pytest.fixture
def tiny(tmp_path, monkeypatch, packages, model_wheel):
    """An environment of a profile with one tiny package and one tiny model, not set up."""
    monkeypatch.setattr(Profile, "packages", lambda self: packages())
    monkeypatch.setitem(backend_environment.PROFILES, "tiny", Profile("requirements-keypoints.txt", (), 1, 1, model_wheel()))
    return BackendEnvironment(tmp_path / "home", "tiny")


def test_what_is_not_set_up_is_named_with_its_remedy_and_nothing_is_made(tmp_path):
    final, findings = examined(BackendEnvironment(tmp_path / "home"))
    assert isinstance(final, Error) and final.message == "Not in order: Packages, Models."
    assert findings["Packages"] == Finding("Packages", "are not installed", False, "Install them: 207 MB to download.", "setup")
    assert findings["Models"].remedy == "setup" and findings["Folder"].is_well and findings["Disk"].is_well
    assert not (tmp_path / "home").exists()


def test_a_folder_that_cannot_be_written_has_another_folder_as_its_remedy(tmp_path):
    (tmp_path / "home").touch()
    _final, findings = examined(BackendEnvironment(tmp_path / "home"))
    assert not findings["Folder"].is_well and findings["Folder"].remedy == "folder"
    assert "home is a file" in findings["Folder"].words


def test_a_damaged_file_is_named_and_the_next_set_up_makes_it_anew(tmp_path, tiny):
    tiny.ensure(lambda message: None)
    module = find_packages_folder(tiny.python.parents[1]) / "tinything.py"
    module.write_text("version =")
    assert tiny.is_ready() and tiny.find_damage() == "tinything.py is missing or damaged"
    final, findings = examined(tiny)
    assert final.message == "Not in order: Packages."
    damage = "tinything.py is missing or damaged"
    assert findings["Packages"] == Finding("Packages", damage, False, "Install them anew.", "repair")
    assert not tiny.is_ready() and tiny.is_damaged
    tiny.ensure(lambda message: None)
    assert tiny.is_ready() and module.read_text() == "version = '1.0'\n"


def test_a_backend_that_cannot_start_is_a_finding(tmp_path, tiny, monkeypatch):
    tiny.ensure(lambda message: None)
    monkeypatch.setattr(BackendEnvironment, "engine", "keypoints")
    final, findings = examined(tiny)        # it has none of the backend's packages
    assert "numpy" in final.message and findings["numpy"].remedy == "repair"
    assert findings["numpy"].words == "cannot be imported: ModuleNotFoundError: No module named 'numpy'"


def test_as_a_program_it_sends_its_findings_as_messages(tmp_path):
    command = [sys.executable, "-m", backend_environment.DOCTOR_MODULE, "--home", str(tmp_path / "home")]
    # Its stdin stays open: the end of that cancels.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=EXTENSION_ROOT, env=child_environ(), **pipes) as child:
        messages = [json.loads(line) for line in child.stdout]
        child.wait()
    assert child.returncode == 1 and messages[0]["type"] == "hello" and messages[-1]["kind"] == "UnhealthyError"
    assert [message["remedy"] for message in messages if message.get("subject") == "Packages"] == ["setup"]
