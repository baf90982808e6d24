from mpsnet_blender.shared.engine_files import MODEL_FILES, missing_files


def test_the_engine_needs_its_two_networks_and_one_body_and_can_do_without_the_rest(tmp_path):
    assert [file.key for file in missing_files(tmp_path)] == ["mpsnet", "spin", "smpl_neutral"]
    (tmp_path / "spin.npz").touch()
    assert [file.original_name for file in missing_files(tmp_path)] == ["mpsnet_model_best.pth.tar", "SMPL_NEUTRAL.pkl"]
    for key in ("mpsnet", "smpl_neutral"):
        (tmp_path / MODEL_FILES[key].file_name).touch()
    assert missing_files(tmp_path) == []


def test_a_folder_in_a_files_place_is_no_file(tmp_path):
    for key in ("mpsnet", "spin", "smpl_neutral"):
        (tmp_path / f"{key}.npz").mkdir()
    assert len(missing_files(tmp_path)) == 3
