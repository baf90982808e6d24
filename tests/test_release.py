"""What a release checks before it is built: versions that agree, a date, a clean working tree."""

import hashlib
import shutil
import subprocess

import pytest

from tests.environments import ROOT
from tools.release import ReleaseError, clone, copy_with_digest, release_version, require_clean


def sources(folder, manifest="1.2.0", project="1.2.0", entry="## [1.2.0] - 2027-02-28"):
    """Return a folder with the three files that give a version."""
    (folder / "blender_manifest.toml").write_text(f'id = "x"\nversion = "{manifest}"\n')
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{project}"\n')
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n{entry}\n\n### Added\n\n- x\n\n## [1.1.0] - 2026-01-01\n")
    return folder


def git(folder, *arguments):
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", folder, *arguments],
                   check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A repository of one commit: the file `kept` with the word "first"."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init")
    (folder / "kept").write_text("first")
    git(folder, "add", "kept")
    git(folder, "commit", "-m", "x")
    return folder


def test_this_checkouts_versions_agree():
    assert release_version(ROOT, is_draft=True)


def test_the_version_is_the_one_on_which_all_three_files_agree(tmp_path):
    assert release_version(sources(tmp_path), is_draft=False) == "1.2.0"


@pytest.mark.parametrize(("changes", "message"), [
    ({"manifest": "1.3.0"}, "blender_manifest.toml has 1.3.0, pyproject.toml has 1.2.0, CHANGELOG.md has 1.2.0"),
    ({"project": "1.1.0"}, "pyproject.toml has 1.1.0"),
    ({"entry": "## [1.2.1] - 2027-02-28"}, "CHANGELOG.md has 1.2.1"),
    ({"entry": "## 1.2.0, 2027-02-28"}, "CHANGELOG.md has 1.1.0"),
])
def test_versions_that_differ_are_refused(tmp_path, changes, message):
    with pytest.raises(ReleaseError, match=message):
        release_version(sources(tmp_path, **changes), is_draft=True)


def test_a_version_without_a_date_is_only_good_for_a_draft(tmp_path):
    undated = sources(tmp_path, entry="## [1.2.0] - unreleased")
    assert release_version(undated, is_draft=True) == "1.2.0"
    with pytest.raises(ReleaseError, match="--draft"):
        release_version(undated, is_draft=False)


@pytest.mark.parametrize("name", ["kept", "new"])
def test_a_tree_with_a_changed_or_a_new_file_is_refused(repository, name):
    require_clean(repository)
    (repository / name).write_text("second")
    with pytest.raises(ReleaseError, match=name):
        require_clean(repository)


def test_a_clone_holds_what_the_commit_holds_and_no_later_change(repository, tmp_path):
    (repository / "kept").write_text("second")
    git(repository, "commit", "-am", "x")
    found = clone(repository, "HEAD~1", tmp_path / "clone")
    assert {path.name for path in found.iterdir()} == {".git", "kept"}
    assert (found / "kept").read_text() == "first"


def test_a_commit_that_is_not_there_is_reported(repository, tmp_path):
    with pytest.raises(ReleaseError, match="0123abcd"):
        clone(repository, "0123abcd", tmp_path / "clone")


def test_the_zip_is_kept_with_its_digest(tmp_path):
    (tmp_path / "x-1.zip").write_bytes(b"zip")
    kept = copy_with_digest(tmp_path / "x-1.zip", tmp_path / "dist")
    assert kept.read_bytes() == b"zip"
    assert (tmp_path / "dist" / "x-1.zip.sha256").read_text() == f"{hashlib.sha256(b'zip').hexdigest()}  x-1.zip\n"
