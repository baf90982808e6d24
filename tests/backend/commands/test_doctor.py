"""The doctor inside the backend's environment: imports, models, and a capture of two seconds."""

import pytest

from backend.base.reporter import Reporter
from backend.commands import doctor
from mpsnet_blender.shared.protocol import Finding, Progress


class Kept:
    """A receiver that keeps what is sent."""

    def __init__(self):
        self.messages = []

    def send(self, message):
        self.messages.append(message)


def test_a_whole_installation_captures_the_one_person_of_the_test_clip(models_folder):
    kept = Kept()
    assert doctor.examine(models_folder, False, Reporter(kept)).summary == "Everything that captures need is in order."
    findings = {message.subject: message for message in kept.messages if isinstance(message, Finding)}
    assert all(finding.is_well for finding in findings.values())
    assert {"numpy", "scipy", "opencv-python-headless", "av", "ai-edge-litert", "tqdm"} <= findings.keys()
    assert findings["test capture"].words.endswith("1 person found")
    assert next(message.total for message in kept.messages if isinstance(message, Progress)) == 24


def test_a_missing_model_is_named_with_its_remedy_and_nothing_is_captured(tmp_path):
    kept = Kept()
    with pytest.raises(doctor.UnhealthyError, match=r"Not in order: person detector, landmark model\."):
        doctor.examine(tmp_path, False, Reporter(kept))
    wrong = [message for message in kept.messages if not message.is_well]
    assert [finding.remedy for finding in wrong] == ["setup", "setup"] and "pose_detection.tflite" in wrong[0].words
    assert "test capture" not in {message.subject for message in kept.messages}


def test_packages_are_really_imported_and_each_that_fails_is_named_with_the_reason():
    good, bad = doctor._import_packages({"json": "numpy", "no_such_module": "missing-package"})
    assert good.is_well and good.words[0].isdigit()
    assert bad == Finding("missing-package", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'", False,
                          "Install the packages anew.", "repair")
