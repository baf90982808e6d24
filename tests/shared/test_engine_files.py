from mpsnet_blender.shared.engines.files import MODEL_FILES, missing_files
from mpsnet_blender.shared.engines.table import ENGINES, find_engine

MPSNET = find_engine("mpsnet")


def test_the_engine_needs_its_two_networks_and_one_body_and_can_do_without_the_rest(tmp_path):
    assert [file.key for file in missing_files(tmp_path, MPSNET)] == ["mpsnet", "spin", "smpl_neutral"]
    (tmp_path / "spin.npz").touch()
    assert [file.original_name for file in missing_files(tmp_path, MPSNET)] == ["mpsnet_model_best.pth.tar", "SMPL_NEUTRAL.pkl"]
    for key in ("mpsnet", "smpl_neutral"):
        (tmp_path / MODEL_FILES[key].file_name).touch()
    assert missing_files(tmp_path, MPSNET) == []


def test_a_folder_in_a_files_place_is_no_file(tmp_path):
    for key in ("mpsnet", "spin", "smpl_neutral"):
        (tmp_path / f"{key}.npz").mkdir()
    assert len(missing_files(tmp_path, MPSNET)) == 3


def test_engines_share_the_files_of_image_features_and_of_the_body(tmp_path):
    for key in ("spin", "smpl_neutral"):
        (tmp_path / MODEL_FILES[key].file_name).touch()
    missing = {engine.name: [file.original_name for file in missing_files(tmp_path, engine)] for engine in ENGINES}
    assert missing == {"keypoints": [], "spin": [], "mpsnet": ["mpsnet_model_best.pth.tar"],
                       "vibe": ["vibe_model_wo_3dpw.pth.tar"], "tcmr": ["tcmr_demo_model.pth.tar"],
                       "meva": ["model_best.pth.tar"]}
