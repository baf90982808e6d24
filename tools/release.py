"""Makes a release: `python3 tools/release.py [COMMIT] [--output DIR] [--draft]`. Needs git, and what `tests/run.py` needs.

From a clean clone of the commit (default: HEAD) it builds the extension's zip with Blender's tool, validates it, and runs
the tests in every Blender version whose Python is found here, with that zip installed. Then it writes the zip and its SHA-256
to DIR (default: dist). It refuses a working tree with changes, versions that differ, and a version that the changelog calls
unreleased, but for --draft.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mpsnet_blender.client.setup.setup_errors import SetupError  # noqa: E402
from mpsnet_blender.shared.user_home import default_home  # noqa: E402  (found through the line above)
from tests.environments import ROOT, make_blender  # noqa: E402

# The oldest Blender that the extension runs in: what its tool takes, the newer ones take too.
BUILT_WITH = "4.2.23"
_NEWEST_ENTRY = re.compile(r"^## \[(?P<version>[^\]]+)\] - (?P<date>.+)$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class ReleaseError(Exception):
    """The release cannot be made; the message says what is wrong, and what to do."""


def main(arguments: list[str]) -> int:
    """Make the release that the arguments describe. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("commit", nargs="?", default="HEAD")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR")
    parser.add_argument("--draft", action="store_true", help="build a version that the changelog calls unreleased")
    given = parser.parse_args(arguments)
    try:
        require_clean(ROOT)
        with tempfile.TemporaryDirectory(prefix="mpsnet-release-", ignore_cleanup_errors=True) as scratch:
            sources = clone(ROOT, given.commit, Path(scratch) / "sources")
            version = release_version(sources, given.draft)
            built = build(sources, Path(scratch) / "built")
            run_tests(sources, built)
            kept = copy_with_digest(built, given.output)
    except (ReleaseError, SetupError) as error:
        print(f"Error: {error} {getattr(error, 'advice', '')}".strip(), file=sys.stderr)
        return 1
    print(f"Version {version}: {kept} ({kept.stat().st_size / 1e6:.2f} MB), SHA-256 {digest(kept)}")
    return 0


def require_clean(repository: Path) -> None:
    """Raise ReleaseError where the working tree differs from its commit, untracked files among it."""
    changes = _git(repository, "status", "--porcelain")
    if changes:
        raise ReleaseError(f"The working tree has changes. Commit or remove them:\n{changes}")


def clone(repository: Path, commit: str, folder: Path) -> Path:
    """Return a folder with nothing but the files of a commit. Raises ReleaseError where there is no such commit."""
    _git(repository, "clone", "--quiet", "--no-checkout", str(repository), str(folder))
    _git(folder, "checkout", "--quiet", "--detach", _git(repository, "rev-parse", "--verify", f"{commit}^{{commit}}"))
    return folder


def release_version(sources: Path, is_draft: bool) -> str:
    """Return the version on which manifest, pyproject.toml and the changelog's newest entry agree.

    Raises ReleaseError where they do not, and, unless for a draft, where that entry has no date.
    """
    entry = _NEWEST_ENTRY.search((sources / "CHANGELOG.md").read_text(encoding="utf-8"))
    if entry is None:
        raise ReleaseError("CHANGELOG.md has no entry. Add one: ## [VERSION] - YYYY-MM-DD")
    versions = {"blender_manifest.toml": _toml(sources / "blender_manifest.toml")["version"],
                "pyproject.toml": _toml(sources / "pyproject.toml")["project"]["version"],
                "CHANGELOG.md": entry["version"]}
    if len(set(versions.values())) > 1:
        listed = ", ".join(f"{name} has {version}" for name, version in versions.items())
        raise ReleaseError(f"The versions differ: {listed}. Write the same version into all three.")
    if not is_draft and not _DATE.fullmatch(entry["date"]):
        raise ReleaseError(f"CHANGELOG.md gives version {entry['version']} no date: it says \"{entry['date']}\". "
                           "Write the day of the release, or build a draft with --draft.")
    return entry["version"]


def build(sources: Path, folder: Path) -> Path:
    """Return the extension's zip, built from the sources and validated. Raises ReleaseError, SetupError."""
    python = make_blender(default_home(), BUILT_WITH, threading.Event())
    (tool,) = python.parents[1].glob("**/addons_core/bl_pkg/cli/blender_ext.py")
    command = [str(python), "-I", str(tool)]
    folder.mkdir()
    _run([*command, "build", "--source-dir", str(sources), "--output-dir", str(folder)])
    (built,) = folder.glob("*.zip")
    _run([*command, "validate", str(built)])
    return built


def run_tests(sources: Path, built: Path) -> None:
    """Run the sources' tests in Blender with the built extension installed. Raises ReleaseError where one fails."""
    command = [sys.executable, str(sources / "tests" / "run.py"), "--blender"]
    ended = subprocess.run(command, env=os.environ | {"MPSNET_EXTENSION_ZIP": str(built)}, check=False)
    if ended.returncode != 0:
        raise ReleaseError("The tests of the built extension failed: see above.")


def copy_with_digest(built: Path, folder: Path) -> Path:
    """Copy the zip into a folder, beside it a file with its digest as `sha256sum --check` reads it; return the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = Path(shutil.copy(built, folder))
    kept.with_name(f"{kept.name}.sha256").write_text(f"{digest(kept)}  {kept.name}\n", encoding="ascii")
    return kept


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _git(repository: Path, *arguments: str) -> str:
    return _run(["git", "-C", str(repository), *arguments]).strip()


def _run(command: list[str]) -> str:
    """Run a program and return what it prints. Raises ReleaseError with its words where it fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ReleaseError(f"{command[0]} cannot be run: {error}. Install it.") from None
    if ended.returncode != 0:
        raise ReleaseError(f"{' '.join(command)} failed:\n{(ended.stderr or ended.stdout).strip()}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
