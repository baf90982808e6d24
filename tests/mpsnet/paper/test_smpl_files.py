import os
import pickle
import sys
import types

import numpy as np
import pytest
from scipy import sparse

from backend.base.errors import ModelError
from backend.paper.model_sources import UnsafeModelError
from backend.paper.smpl_files import find_gender, make_body_arrays, read_pickle
from tests.mpsnet.made_models import smpl_contents


@pytest.fixture(scope="module")
def contents():
    return smpl_contents()


@pytest.fixture
def read(tmp_path):
    """Writes bytes to a file and reads it as a body."""
    def read(content):
        path = tmp_path / "SMPL_NEUTRAL.pkl"
        path.write_bytes(content)
        return make_body_arrays(read_pickle(path, path.name), path.name)

    return read


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Ch:
    """As chumpy.ch.Ch pickles: an object with its value in `x`."""


class Select:
    """As chumpy.reordering.Select pickles."""


@pytest.fixture
def pickle_chumpy(monkeypatch):
    """Pickles contents, the classes above under chumpy's names."""
    def dumps(contents):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
            for kind, name in ((Ch, "chumpy.ch"), (Select, "chumpy.reordering")):
                module = types.ModuleType(name)
                setattr(module, kind.__name__, kind)
                patched.setitem(sys.modules, name, module)
                patched.setattr(kind, "__module__", name)
            return pickle.dumps(contents, 2)

    return dumps


def made(kind, **state):
    value = kind()
    value.__dict__.update(state)
    return value


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_gives_the_arrays(read, contents, protocol):
    body = contents | {"J_regressor": sparse.csc_matrix(contents["J_regressor"])}
    arrays = read(pickle.dumps(body, protocol))
    for key in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights"):
        np.testing.assert_allclose(arrays[key], contents[key], rtol=1e-6, err_msg=key)
    assert arrays["parents"][0] == -1 and arrays["v_template"].dtype == np.float32


def test_row_matrices_fortran_order_and_big_endian_are_understood(read, contents):
    body = contents | {"J_regressor": sparse.csr_matrix(contents["J_regressor"]),
                       "weights": np.asfortranarray(contents["weights"]),
                       "v_template": contents["v_template"].astype(">f8")}
    arrays = read(pickle.dumps(body, 2))
    for key in ("v_template", "J_regressor", "weights"):
        np.testing.assert_allclose(arrays[key], contents[key], rtol=1e-6, err_msg=key)


def test_chumpy_objects_give_their_values_without_chumpy(read, contents, pickle_chumpy):
    every_shape = np.concatenate((contents["shapedirs"], np.zeros((6890, 3, 290))), axis=2)
    chosen = np.arange(every_shape.size).reshape(every_shape.shape)[..., :10].ravel()
    body = contents | {"v_template": made(Ch, x=contents["v_template"]), "shapedirs": made(
        Select, a=made(Ch, x=every_shape), idxs=chosen, preferred_shape=(6890, 3, 10))}
    arrays = read(pickle_chumpy(body))
    np.testing.assert_allclose(arrays["v_template"], contents["v_template"], rtol=1e-6)
    np.testing.assert_allclose(arrays["shapedirs"], contents["shapedirs"], rtol=1e-6)
    assert "chumpy" not in sys.modules


def test_of_more_shapes_the_first_ten_are_kept(read, contents):
    body = contents | {"shapedirs": np.concatenate((contents["shapedirs"], np.ones((6890, 3, 5))), axis=2)}
    np.testing.assert_allclose(read(pickle.dumps(body, 2))["shapedirs"], contents["shapedirs"], rtol=1e-6)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(("function", "named"), [(os.system, "system"), (eval, "eval"), (os.rename, "rename")])
def test_a_pickle_that_calls_something_is_refused_and_nothing_runs(read, contents, tmp_path, protocol, function, named):
    marker = tmp_path / "marker"
    arguments = {"system": (f"touch {marker}",), "eval": (f"open({str(marker)!r}, 'w')",),
                 "rename": (str(tmp_path), str(marker))}[named]
    with pytest.raises(UnsafeModelError, match=named) as raised:
        read(pickle.dumps(contents | {"bs_style": Call(function, *arguments)}, protocol))
    assert not marker.exists() and "Nothing of it was executed" in str(raised.value)


@pytest.mark.parametrize("name", ["numpy load", "numpy.lib.npyio load", "scipy.sparse load_npz", "chumpy.ch MatVecMult",
                                  "builtins getattr", "_codecs decode", "copyreg __newobj__", "pickle loads"])
def test_functions_of_admitted_packages_are_refused_too(read, name):
    module, function = name.split()
    with pytest.raises(UnsafeModelError, match=f"{module}.{function}"):
        read(f"c{module}\n{function}\n(S'x'\ntR.".encode())


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_pickle_is_an_error(read, contents, kept):
    whole = pickle.dumps(contents, 2)
    with pytest.raises(ModelError, match=r"SMPL_NEUTRAL\.pkl is truncated"):
        read(whole[:int(kept * len(whole))])


@pytest.mark.parametrize(("key", "value", "message"), [
    ("v_template", np.zeros((10475, 3)), r"v_template has shape \(10475, 3\), expected \(6890, 3\)"),
    ("shapedirs", np.zeros((6890, 3, 4)), r"shapedirs has shape \(6890, 3, 4\)"),
    ("weights", np.full((6890, 24), np.nan), "weights holds values that are not finite"),
    ("kintree_table", np.zeros((2, 24), np.uint32), "kintree_table"),
    ("f", np.full((13776, 3), 6890), "kintree_table or f"),
    ("posedirs", "text", "posedirs has shape"),
])
def test_a_wrong_array_is_named_with_its_shape(read, contents, key, value, message):
    with pytest.raises(ModelError, match=message):
        read(pickle.dumps(contents | {key: value}, 2))


def test_a_missing_array_is_named(read, contents):
    with pytest.raises(ModelError, match="lacks J_regressor"):
        read(pickle.dumps({key: value for key, value in contents.items() if key != "J_regressor"}))


@pytest.mark.parametrize("part", ["indices", "indptr"])
@pytest.mark.parametrize("place", [-1, 10_000_000])
def test_a_sparse_matrix_that_points_outside_itself_is_an_error(read, contents, part, place):
    matrix = sparse.csc_matrix(contents["J_regressor"])
    getattr(matrix, part)[5] = place
    with pytest.raises(ModelError, match="J_regressor cannot be read"):
        read(pickle.dumps(contents | {"J_regressor": matrix}, 2))


def test_objects_that_hold_themselves_are_an_error(read, contents, pickle_chumpy):
    endless = made(Ch)
    endless.x = endless
    with pytest.raises(ModelError, match="nested too deeply"):
        read(pickle_chumpy(contents | {"v_template": endless}))


@pytest.mark.parametrize(("name", "gender"), [
    ("SMPL_NEUTRAL.pkl", "neutral"), ("SMPL_MALE.npz", "male"), ("SMPL_FEMALE.pkl", "female"), ("body.pkl", "neutral"),
    ("basicModel_f_lbs_10_207_0_v1.0.0.pkl", "female"), ("basicmodel_m_lbs_10_207_0_v1.1.0.pkl", "male"),
    ("archive.zip/SMPL_female/models/basicModel_neutral_lbs_10_207_0_v1.0.0.pkl", "neutral"),
])
def test_the_gender_is_that_of_the_files_name(name, gender):
    assert find_gender(name) == gender
