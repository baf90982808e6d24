"""The engine choice in the panel: what is missing for MPS-Net, and what is said of it."""

import bpy
import pytest


def test_mpsnet_without_its_authors_files_says_which_are_missing(extension, empty_scene, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    empty_scene.mpsnet.engine = "mpsnet"
    with pytest.raises(RuntimeError, match=r"lacks mpsnet_model_best.pth.tar, spin_model_checkpoint.pth.tar, SMPL_NEUTRAL.pkl"):
        bpy.ops.mpsnet.capture_video(filepath=str(tmp_path / "clip.mp4"))


def test_files_that_are_there_are_not_asked_for(extension, tmp_path):
    engine_files = extension("shared.engine_files")
    (tmp_path / engine_files.MODEL_FILES["spin"].file_name).write_bytes(b"")
    assert [file.key for file in engine_files.missing_files(tmp_path)] == ["mpsnet", "smpl_neutral"]


def test_files_cannot_be_added_before_the_engine_is_set_up(extension, empty_scene, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    empty_scene.mpsnet.engine = "mpsnet"
    with pytest.raises(RuntimeError, match="press Set Up first"):
        bpy.ops.mpsnet.add_models(filepath=str(tmp_path))
