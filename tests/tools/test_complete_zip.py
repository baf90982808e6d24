"""What a complete zip contains is decided for its platform, not for the computer that builds it."""

import shutil
import tomllib

import pytest

from tests.environments import ROOT
from tools.complete_zip import PLATFORMS, find_conditional, set_platform

# As pip reports them: a package that needs another one on Windows alone, as tqdm does, and one that needs others for extras.
INSTALLED = [
    {"metadata": {"name": "bar", "requires_dist": ['Color_ama ; platform_system == "Windows"', 'plot ; extra == "all"']}},
    {"metadata": {"name": "foo", "requires_dist": [
        "bar", 'backport ; python_version < "3.12"', 'mac ; sys_platform == "darwin"']}},
    {"metadata": {"name": "alone"}},
]


@pytest.mark.parametrize(("platform", "python", "expected"), [
    ("linux-x64", "3.13", set()), ("linux-x64", "3.11", {"backport"}), ("windows-x64", "3.13", {"color-ama"}),
    ("macos-arm64", "3.13", {"mac"})])
def test_conditions_of_requirements_are_judged_for_the_platform(platform, python, expected):
    assert find_conditional(INSTALLED, PLATFORMS[platform].markers(python)) == expected


def test_the_manifest_names_the_platform_and_nothing_else_changes(tmp_path):
    manifest = tmp_path / "blender_manifest.toml"
    shutil.copy(ROOT / "blender_manifest.toml", manifest)
    before = tomllib.loads(manifest.read_text())
    set_platform(manifest, "linux-x64")
    assert tomllib.loads(manifest.read_text()) == before | {"platforms": ["linux-x64"]}
