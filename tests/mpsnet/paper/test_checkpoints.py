import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch

from backend.base.errors import ModelError
from backend.models.meva import MEVA
from backend.models.tcmr import TCMR
from backend.models.vibe import VIBE
from backend.paper.checkpoints import add_models, recognise
from backend.paper.model_sources import ModelSource, UnsafeModelError
from backend.paper.models_folder import list_models, load_engine_arrays, load_model, require_models
from mpsnet_blender.shared.engines.files import missing_files
from mpsnet_blender.shared.engines.table import find_engine
from tests.hostile_pickles import Call
from tests.mpsnet.made_models import image_weights, smpl_contents, temporal_weights

MPSNET = find_engine("mpsnet")
REQUIRED = ["mpsnet", "spin", "smpl_neutral"]


def add(source, folder):
    """Add a source and return the keys added and what was reported."""
    reported = []
    return add_models(source, folder, reported.append), reported


def test_what_is_added_comes_back_number_for_number(models_folder):
    arrays = load_engine_arrays(models_folder, MPSNET)
    for name, weight in temporal_weights().items():
        np.testing.assert_array_equal(arrays.network[name], weight)
    for name, weight in image_weights().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(arrays.spin[name], weight)
    assert not any(".smpl." in name for name in arrays.network)
    np.testing.assert_allclose(arrays.body["posedirs"], smpl_contents()["posedirs"], rtol=1e-6)
    assert arrays.extra_regressor.shape == (9, 6890) and arrays.h36m_regressor.shape == (17, 6890)


def test_the_folder_holds_no_pickle_and_nothing_half_made(models_folder):
    for path in models_folder.iterdir():
        with np.load(path, allow_pickle=False) as archive:
            assert all(archive[name].dtype.kind in "fiuU" for name in archive.files)
    assert len(list(models_folder.iterdir())) == 6


def test_list_names_what_is_there_and_where_to_get_the_rest(models_folder, tmp_path):
    states = {state.file.key: state for state in list_models(models_folder)}
    assert states["mpsnet"].is_present and states["mpsnet"].source_name == "mpsnet_model_best.pth.tar"
    assert not states["smpl_male"].is_present
    assert [file.key for file in missing_files(tmp_path, MPSNET)] == REQUIRED
    with pytest.raises(ModelError, match=r"mpsnet_model_best\.pth\.tar.*SMPL_NEUTRAL\.pkl") as raised:
        require_models(tmp_path, MPSNET)
    assert "smpl.is.tue.mpg.de" in raised.value.advice and "research" in raised.value.advice


@pytest.mark.parametrize("key", REQUIRED)
def test_each_missing_file_is_named_in_turn(models_folder, tmp_path, key):
    folder = shutil.copytree(models_folder, tmp_path / "models")
    (folder / f"{key}.npz").unlink()
    with pytest.raises(ModelError) as raised:
        load_engine_arrays(folder, MPSNET)
    assert [file.key for file in missing_files(folder, MPSNET)] == [key]
    assert missing_files(folder, MPSNET)[0].original_name in str(raised.value)


def test_a_damaged_file_of_ours_is_an_error(models_folder, tmp_path):
    whole = (models_folder / "mpsnet.npz").read_bytes()
    (tmp_path / "mpsnet.npz").write_bytes(whole[:1000] + b"damage" + whole[1006:])
    with pytest.raises(ModelError, match=r"mpsnet\.npz is damaged"):
        load_model(tmp_path, "mpsnet")


def test_files_are_recognised_by_content_whatever_their_name(downloads, tmp_path):
    shutil.copy(downloads / "mpsnet_model_best.pth.tar", tmp_path / "one")
    shutil.copy(downloads / "J_regressor_h36m.npy", tmp_path / "two.bin")
    np.savez(tmp_path / "three_female.npz", **smpl_contents())
    for name, key in (("one", "mpsnet"), ("two.bin", "h36m_joints"), ("three_female.npz", "smpl_female")):
        assert add(tmp_path / name, tmp_path / "models")[0] == [key]


def test_a_zip_of_the_downloads_is_as_good_as_their_folder(downloads, tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("data/readme.txt", "text")
        for path in downloads.iterdir():
            archive.write(path, f"data/base_data/{path.name}")
    added, _ = add(tmp_path / "data.zip", tmp_path / "models")
    assert set(REQUIRED) <= set(added)
    assert missing_files(tmp_path / "models", MPSNET) == []


def test_checkpoints_of_old_torch_versions_are_read(tmp_path):
    torch.save({"gen_state_dict": temporal_weights()}, tmp_path / "old.pth.tar", _use_new_zipfile_serialization=False)
    assert add(tmp_path / "old.pth.tar", tmp_path / "models")[0] == ["mpsnet"]


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_a_checkpoint_that_calls_something_is_refused_and_nothing_runs(tmp_path, form):
    marker, path = tmp_path / "marker", tmp_path / "mpsnet_model_best.pth.tar"
    contents = {"epoch": Call(f"touch {marker}"), "gen_state_dict": temporal_weights()}
    if form == "pickle":
        path.write_bytes(pickle.dumps(Call(f"touch {marker}")))
    else:
        torch.save(contents, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(UnsafeModelError, match=r"system") as raised:
        add(path, tmp_path / "models")
    assert not marker.exists() and "Nothing of it was executed" in str(raised.value)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_hostile_file_in_a_folder_does_not_hide_the_others(downloads, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    shutil.copy(downloads / "smpl_mean_params.npz", folder)
    (folder / "SMPL_NEUTRAL.pkl").write_bytes(pickle.dumps({"v_template": Call(f"touch {tmp_path / 'marker'}")}))
    with pytest.raises(UnsafeModelError, match=r"SMPL_NEUTRAL\.pkl is refused"):
        add(folder, tmp_path / "models")
    assert not (tmp_path / "marker").exists()
    assert load_model(tmp_path / "models", "mean_parameters")["cam"][0] == np.float32(0.9)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("name", ["mpsnet_model_best.pth.tar", "J_regressor_h36m.npy", "smpl_mean_params.npz"])
def test_a_truncated_file_is_an_error(downloads, tmp_path, name, kept):
    whole = (downloads / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:int(kept * len(whole))])
    with pytest.raises(ModelError, match=f"{name} (is|holds)"):
        add(tmp_path / name, tmp_path / "models")


@pytest.mark.parametrize(("key", "value", "message"), [
    ("nonlocalblock.conv_g.weight", torch.zeros(512, 2048, 1), r"has shape \(512, 2048, 1\), expected \(1024, 2048, 1\)"),
    ("regressor.fc2.bias", torch.full((1024,), torch.nan), "not finite"),
    ("regressor.fc2.bias", "text", "is not a dense tensor"),
])
def test_a_wrong_weight_is_named_with_its_shape(tmp_path, key, value, message):
    torch.save({"gen_state_dict": temporal_weights() | {key: value}}, tmp_path / "mpsnet.pth.tar")
    with pytest.raises(ModelError, match=f"{key}.*{message}"):
        add(tmp_path / "mpsnet.pth.tar", tmp_path / "models")


@pytest.mark.parametrize(("key", "network"), [("vibe", VIBE), ("tcmr", TCMR), ("meva", MEVA)])
def test_the_peers_are_recognised_by_their_weights(tmp_path, key, network):
    with torch.device("meta"):
        weights = network().state_dict()
    # Every weight is one number, expanded: files of the real size would be 300 MB.
    weights = {name: torch.full((1,), 0.5).expand(weight.shape) for name, weight in weights.items()}
    others = {"regressor.smpl.shapedirs": torch.zeros(1).expand(6890, 3, 300), "vae_init_mlp.0.bias": torch.zeros(256)}
    torch.save({"epoch": 7, "performance": np.float64(56.5), "gen_state_dict": weights | others}, tmp_path / "model_best.pth.tar")
    model = recognise(ModelSource("model_best.pth.tar", tmp_path / "model_best.pth.tar"))
    assert model.key == key and model.arrays.keys() == weights.keys()
    assert all(array.shape == weights[name].shape for name, array in model.arrays.items())


def test_a_checkpoint_of_another_network_names_what_it_lacks(tmp_path):
    torch.save({"gen_state_dict": {"encoder.gru.weight_ih_l0": torch.zeros(3)}}, tmp_path / "vibe.pth.tar")
    with pytest.raises(ModelError, match=r"lacks encoder\.gru\.weight_hh_l0 \(3072, 1024\)"):
        add(tmp_path / "vibe.pth.tar", tmp_path / "models")
    torch.save({"model": {"feature_extractor.conv1.weight": torch.zeros(3)}}, tmp_path / "PyMAF.pt")
    with pytest.raises(ModelError, match=r"PyMAF\.pt holds the weights of none .* first is feature_extractor\.conv1\.weight"):
        add(tmp_path / "PyMAF.pt", tmp_path / "models")


def test_mevas_pickle_is_left_out_unopened(downloads, tmp_path):
    (tmp_path / "meva_data").mkdir()
    (tmp_path / "meva_data" / "model_1000.p").write_bytes(pickle.dumps(Call(f"touch {tmp_path / 'marker'}")))
    shutil.copy(downloads / "smpl_mean_params.npz", tmp_path / "meva_data")
    added, reported = add(tmp_path / "meva_data", tmp_path / "models")
    assert added == ["mean_parameters"] and not (tmp_path / "marker").exists()
    assert "Left out: model_1000.p was not opened" in reported[0]


def test_other_files_are_distinguished(tmp_path):
    np.save(tmp_path / "other.npy", np.zeros((3, 4)))
    with pytest.raises(ModelError, match=r"other\.npy holds an array of shape \(3, 4\), expected \(9, 6890\)"):
        add(tmp_path / "other.npy", tmp_path / "models")
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(ModelError, match=r"film\.mp4 is none of the models"):
        add(tmp_path / "film.mp4", tmp_path / "models")
    np.savez(tmp_path / "objects.npz", v_template=np.array({"a": 1}, dtype=object), posedirs=np.zeros(3))
    with pytest.raises(ModelError, match="pickled objects"):
        add(tmp_path / "objects.npz", tmp_path / "models")


def test_a_folder_without_models_says_what_is_wanted(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="none of the models") as raised:
        add(tmp_path / "empty", tmp_path / "models")
    assert "mpsnet_model_best.pth.tar" in raised.value.advice
    with pytest.raises(ModelError, match="There is no file or folder"):
        add(tmp_path / "nowhere", tmp_path / "models")
