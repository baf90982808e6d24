"""The choice of engine and quality in the panel: which files it lacks, and what the panel says about that."""

import bpy
import pytest


def test_mpsnet_without_its_authors_files_says_which_are_missing(extension, empty_scene, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    empty_scene.mpsnet.engine = "mpsnet"
    with pytest.raises(RuntimeError, match=r"lacks mpsnet_model_best.pth.tar, spin_model_checkpoint.pth.tar, SMPL_NEUTRAL.pkl"):
        bpy.ops.mpsnet.capture_video(filepath=str(tmp_path / "clip.mp4"))


def test_files_that_are_there_are_not_asked_for(extension, tmp_path):
    engine_files, mpsnet = extension("shared.engines.files"), extension("shared.engines.table").find_engine("mpsnet")
    (tmp_path / engine_files.MODEL_FILES["spin"].file_name).write_bytes(b"")
    assert [file.key for file in engine_files.missing_files(tmp_path, mpsnet)] == ["mpsnet", "smpl_neutral"]


def test_files_cannot_be_added_before_the_engine_is_set_up(extension, empty_scene, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    empty_scene.mpsnet.engine = "mpsnet"
    with pytest.raises(RuntimeError, match="press Set Up first"):
        bpy.ops.mpsnet.add_models(filepath=str(tmp_path))


@pytest.fixture
def fast_only(extension, tmp_path, monkeypatch):
    """A home folder in which everything is set up but the heavy model; the environment of a scene comes from it."""
    environments = extension("client.backend_environment")
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    monkeypatch.setattr(extension("client.setup.python_environment").PythonEnvironment, "folder", tmp_path)
    is_complete = extension("client.setup.landmark_models").ModelFolder.is_complete
    wheel = extension("client.setup.landmark_models").LANDMARK_WHEEL
    monkeypatch.setattr(extension("client.setup.landmark_models").ModelFolder, "is_complete",
                        lambda self: self.package is wheel or is_complete(self))
    extension("doors.common.preferences")._environment.cache_clear()
    yield environments
    extension("doors.common.preferences")._environment.cache_clear()


def test_the_quality_best_asks_for_its_model_with_its_size_and_fast_for_nothing(extension, empty_scene, fast_only):
    environment = extension("doors.common.preferences").backend_environment
    assert environment(bpy.context).is_ready() and environment(bpy.context).download_megabytes == 0
    empty_scene.mpsnet.quality = "best"
    best = environment(bpy.context)
    assert not best.is_ready() and best.serves_fast()
    assert (best.download_megabytes, best.disk_megabytes) == (41, 28)


def test_the_quality_best_captures_nothing_offline_without_its_model(empty_scene, fast_only, tmp_path):
    if bpy.app.online_access:
        bpy.context.preferences.system.use_online_access = False
    empty_scene.mpsnet.quality = "best"
    with pytest.raises(RuntimeError, match="The model for the quality Best is missing, and Blender may not go online"):
        bpy.ops.mpsnet.capture_video(filepath=str(tmp_path / "clip.mp4"))
    with pytest.raises(RuntimeError, match="Allow Online Access first"):
        bpy.ops.mpsnet.setup_backend()
