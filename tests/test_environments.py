"""The Blender versions in which the tests run, the reasons given for the others, and the ruff that checks the sources."""

import re
import tomllib
from concurrent.futures import Future
from pathlib import Path

import pytest

from mpsnet_blender.client.setup.setup_errors import NoNetworkError, NoPythonError
from tests.environments import ROOT, those_with_a_python


def build(result):
    """Return a build that has ended, with an interpreter or with an error."""
    ended = Future()
    if isinstance(result, Exception):
        ended.set_exception(result)
    else:
        ended.set_result(result)
    return ended


def test_the_commit_hook_has_the_ruff_that_the_tests_have():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["lint"]
    pinned = re.findall(r"ruff==[\d.]+", (ROOT / ".pre-commit-config.yaml").read_text())
    assert len(pinned) == 1 and pinned[0] in lint


def test_a_blender_version_without_its_python_is_left_out_with_the_reason():
    made, left_out = those_with_a_python({"5.0.1": build(Path("python3.11")), "5.3.0": build(NoPythonError("none"))})
    assert made == {"5.0.1": Path("python3.11")}
    assert left_out == {"Blender 5.3.0": "no Python 3.13 was found that can make environments"}


def test_where_no_version_has_its_python_that_is_an_error():
    with pytest.raises(NoPythonError):
        those_with_a_python({"5.0.1": build(NoPythonError("none")), "5.3.0": build(NoPythonError("none"))})


def test_a_build_that_fails_otherwise_is_not_left_out_in_silence():
    with pytest.raises(NoNetworkError):
        those_with_a_python({"5.0.1": build(Path("python3.11")), "5.3.0": build(NoNetworkError("no index"))})
