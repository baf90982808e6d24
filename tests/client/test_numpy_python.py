"""Which interpreter runs the commands that need only numpy."""

import sys
from pathlib import Path

from mpsnet_blender.client.backend_environment import BackendEnvironment
from mpsnet_blender.client.numpy_python import find_numpy_python


def test_a_damaged_backend_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(BackendEnvironment, "is_ready", lambda _self: True)
    monkeypatch.setattr(BackendEnvironment, "python", Path("/backend/python"))
    monkeypatch.setattr(BackendEnvironment, "find_damage", lambda _self: "")
    assert find_numpy_python(tmp_path, print) == "/backend/python"
    monkeypatch.setattr(BackendEnvironment, "find_damage", lambda _self: "numpy/core.so is missing or damaged")
    assert find_numpy_python(tmp_path, print) == sys.executable     # the tests' Python has numpy
