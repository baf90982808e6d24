"""A new engine needs one file and one entry in the sources, or one file outside of them; then it captures."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mpsnet_blender.client.backend_environment import EXTENSION_ROOT
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.user_home import default_home

TOY_FILE = '''
"""A toy engine: the keypoints engine's motion on a body of another shape."""

from dataclasses import replace

import numpy as np

from .keypoints import KeypointsEngine


class ToyEngine:
    stage_title = "Playing"
    time_share = 0.1

    def __init__(self, refine):
        self._keypoints = KeypointsEngine("analytic", refine)

    def solve(self, tracks, shot, reporter):
        reporter.progress(self.stage_title, 1, 1)
        return [replace(person, betas=np.full(10, 0.5)) for person in self._keypoints.solve(tracks, shot, reporter)]


def make_engine(request, checkpoints_folder):
    return ToyEngine(request.refine)
'''
OUTSIDE_TOY = ('ENGINE = {"label": "Toy", "description": "A toy for the tests"}\n'
               + TOY_FILE.replace("from .", "from backend.engines."))
TOY_ENTRY = '    EngineDeclaration("toy", "Toy", "A toy for the tests", WITHOUT_TORCH, "toy", options=("lifter",)),\n'


@pytest.fixture
def sources_with_toy(tmp_path):
    """The folder of a copy of the sources, with one more file and one more entry."""
    root = tmp_path / "sources"
    for name in ("backend", "mpsnet_blender"):
        shutil.copytree(EXTENSION_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXTENSION_ROOT / "mocap.py", root)
    (root / "backend" / "engines" / "toy.py").write_text(TOY_FILE)
    declarations = root / "mpsnet_blender" / "shared" / "engines" / "table.py"
    before, _, after = declarations.read_text().partition(")\nAUTOMATIC_ENGINE")
    declarations.write_text(f"{before}{TOY_ENTRY})\nAUTOMATIC_ENGINE{after}")
    return root


def run(root, *words, **variables):
    """Run the command line of these sources, without the tests' variables, which would lead Python to the other sources."""
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")} | variables
    command = [sys.executable, "-B", root / "mocap.py", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environ)


def test_one_file_and_one_entry_make_an_engine_that_captures(environment, sources_with_toy, sample_clip, tmp_path):
    ended = run(sources_with_toy, "capture", sample_clip, "--output", tmp_path / "out", "--engine", "toy", "--end", "0.7")
    assert ended.returncode == 0, ended.stderr
    assert "Playing" in ended.stderr
    assert json.loads((tmp_path / "out" / "people.json").read_text())["engine"] == "toy"
    motion = read_motion(tmp_path / "out" / "person_01.npz")
    assert motion.engine == "toy" and np.array_equal(motion.betas, np.full(10, 0.5))


def test_the_help_lists_a_new_engine_and_the_options_that_it_uses(sources_with_toy):
    help_text = " ".join(run(sources_with_toy, "batch", "--help").stdout.split())
    assert "{auto,keypoints,mpsnet,spin,vibe,tcmr,meva,toy}" in help_text and "toy (a toy for the tests)" in help_text
    assert "(only for the engine keypoints, toy; default: trained)" in help_text


def test_without_the_entry_the_file_is_no_engine(environment, sample_clip, tmp_path):
    ended = run(EXTENSION_ROOT, "capture", sample_clip, "--output", tmp_path / "out", "--engine", "toy")
    assert ended.returncode == 2 and "'toy' is none of auto, keypoints, mpsnet" in ended.stderr


@pytest.fixture
def home_with_toy(tmp_path):
    """A folder of the user's data with one engine from outside; environments and models are those of the tests."""
    home = tmp_path / "home"
    (home / "engines").mkdir(parents=True)
    (home / "engines" / "toy.py").write_text(OUTSIDE_TOY)
    for name in ("environments", "models"):
        (home / name).symlink_to(default_home() / name)
    return home


def test_a_file_outside_of_the_sources_makes_an_engine_that_captures(environment, home_with_toy, sample_clip, tmp_path):
    ended = run(EXTENSION_ROOT, "capture", sample_clip, "--output", tmp_path / "out", "--engine", "toy", "--end", "0.7",
                MPSNET_HOME=str(home_with_toy))
    assert ended.returncode == 0, ended.stderr
    assert "Playing" in ended.stderr
    motion = read_motion(tmp_path / "out" / "person_01.npz")
    assert motion.engine == "toy" and np.array_equal(motion.betas, np.full(10, 0.5))


@pytest.mark.parametrize(("text", "words"), [
    ("import no_such_package", "The engine toy cannot be loaded: No module named 'no_such_package'"),
    ("", "The engine toy has no function make_engine"),
])
def test_a_file_that_cannot_run_is_named(environment, home_with_toy, sample_clip, tmp_path, text, words):
    path = home_with_toy / "engines" / "toy.py"
    path.write_text(OUTSIDE_TOY.splitlines()[0] + "\n" + text)
    ended = run(EXTENSION_ROOT, "capture", sample_clip, "--output", tmp_path / "out", "--engine", "toy", "--end", "0.7",
                MPSNET_HOME=str(home_with_toy))
    assert ended.returncode == 1 and words in ended.stderr and str(path) in ended.stderr
