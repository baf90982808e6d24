"""Files of an environment that went missing or were changed after the set-up."""

import base64
import hashlib

import pytest

from mpsnet_blender.client.setup import installed_files


@pytest.fixture
def environment(tmp_path):
    """A folder with one installed package of two files, listed."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    about = packages / "thing-1.0.dist-info"
    (packages / "thing").mkdir(parents=True)
    about.mkdir()
    rows = []
    for name, content in (("thing/__init__.py", b"x = 1\n"), ("thing/core.so", b"library")):
        (packages / name).write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}\n")
    (about / "RECORD").write_text("".join(rows) + "thing-1.0.dist-info/RECORD,,\nthing/__pycache__/x.pyc,,\n")
    installed_files.write_listing(tmp_path)
    return tmp_path, packages


def test_an_environment_as_it_was_installed_has_no_damage(environment):
    folder, _packages = environment
    assert installed_files.find_damaged(folder) == [] and installed_files.find_altered(folder) == []


def test_a_missing_and_a_cut_file_are_found_by_their_sizes(environment):
    folder, packages = environment
    (packages / "thing" / "core.so").write_bytes(b"lib")
    assert installed_files.find_damaged(folder) == ["thing/core.so"]
    (packages / "thing" / "__init__.py").unlink()
    assert installed_files.find_damaged(folder) == ["thing/__init__.py", "thing/core.so"]


def test_a_file_of_the_same_size_and_another_content_is_found_by_reading_it(environment):
    folder, packages = environment
    (packages / "thing" / "core.so").write_bytes(b"librarx")
    assert installed_files.find_damaged(folder) == []
    assert installed_files.find_altered(folder) == ["thing/core.so"]


def test_what_was_added_later_is_no_damage(environment):
    folder, packages = environment
    (packages / "more.py").write_text("")
    assert installed_files.find_damaged(folder) == []


def test_a_damaged_list_is_damage_and_a_missing_one_compares_nothing(environment):
    folder, packages = environment
    (folder / installed_files.LISTING).write_text('{"lib')
    assert installed_files.find_damaged(folder) == ["files.json"]
    (folder / installed_files.LISTING).unlink()
    (packages / "thing" / "core.so").unlink()
    assert installed_files.find_damaged(folder) == []


@pytest.mark.parametrize(("paths", "words"), [
    ([], ""), (["a.so"], "a.so is missing or damaged"), (["a.so", "b"], "a.so is missing or damaged, and 1 more file"),
    (["a.so", "b", "c"], "a.so is missing or damaged, and 2 more files")])
def test_damage_is_told_by_its_first_file(paths, words):
    assert installed_files.describe(paths) == words
