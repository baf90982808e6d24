import sys
import time
from pathlib import Path

import pytest

from mpsnet_blender.client.setup.landmark_models import LANDMARK_WHEEL, ModelFolder
from mpsnet_blender.client.setup.setup_errors import ModelsError

PYTHON = Path(sys.executable)


def test_models_are_fetched_once_and_nothing_else_is_kept(tmp_path, model_wheel, run):
    models = ModelFolder(tmp_path / "models", model_wheel())
    assert not models.is_complete()
    models.ensure(run, PYTHON)
    assert models.is_complete()
    assert (models.folder / "a.tflite").read_bytes() == b"a model"
    assert sorted(path.name for path in models.folder.iterdir()) == ["a.tflite", "models.lock"]
    models.ensure(run, Path("no python is asked again"))


def test_a_damaged_model_is_fetched_again(tmp_path, model_wheel, run):
    models = ModelFolder(tmp_path / "models", model_wheel())
    models.ensure(run, PYTHON)
    time.sleep(0.01)
    (models.folder / "a.tflite").write_bytes(b"a m*del")
    assert not models.is_complete()
    models.ensure(run, PYTHON)
    assert (models.folder / "a.tflite").read_bytes() == b"a model"


def test_a_wheel_with_another_model_is_refused(tmp_path, model_wheel, run):
    models = ModelFolder(tmp_path / "models", model_wheel(b"another model"))
    with pytest.raises(ModelsError, match=r"a\.tflite in tinymodels==1\.0 has SHA-256"):
        models.ensure(run, PYTHON)
    assert [path.name for path in models.folder.iterdir()] == ["models.lock"]


def test_what_a_killed_download_left_is_removed(tmp_path, model_wheel, run):
    models = ModelFolder(tmp_path / "models", model_wheel())
    (models.folder / "download-old" / "wheels").mkdir(parents=True)
    models.ensure(run, PYTHON)
    assert not (models.folder / "download-old").exists()


def test_the_landmark_models_are_pinned_by_hash():
    assert [model.name for model in LANDMARK_WHEEL.files] == [
        "pose_detection.tflite", "pose_landmark_full.tflite", "hand_landmark_full.tflite"]
    assert all(len(model.sha256) == 64 for model in LANDMARK_WHEEL.files)
