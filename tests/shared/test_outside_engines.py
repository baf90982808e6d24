"""Engines of other authors: how their files are declared, and what is said of files that are none."""

import os
import subprocess
import sys

import pytest

from mpsnet_blender.client.child_process import EXTENSION_ROOT
from mpsnet_blender.shared.engines.declaration import WITH_TORCH, WITHOUT_TORCH
from mpsnet_blender.shared.engines.outside import find_outside_engines
from mpsnet_blender.shared.engines.table import ENGINES, number_of

GOOD = 'ENGINE = {"label": "Toy", "description": "A toy"}\n'


def found(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return list(find_outside_engines(folder, ["mpsnet"]))


def test_a_file_is_found_with_its_declaration_and_not_run(tmp_path):
    folder = tmp_path / "engines"
    (engine,) = found(folder, toy=f'{GOOD}open({str(tmp_path / "marker")!r}, "w")\n')
    assert (engine.name, engine.label, engine.description, engine.profile) == ("toy", "Toy", "A toy", WITHOUT_TORCH)
    assert engine.module == str(folder / "toy.py") and engine.options == () and not (tmp_path / "marker").exists()
    with_torch = found(folder, toy='ENGINE = {"label": "Toy", "description": "A toy", "needs_torch": True}')[0]
    assert with_torch.profile == WITH_TORCH and with_torch.options == ("device",)


def test_no_folder_holds_no_engines(tmp_path):
    assert list(find_outside_engines(tmp_path / "engines", [])) == []


@pytest.mark.parametrize(("name", "text", "words"), [
    ("mpsnet", GOOD, "the name mpsnet is taken"), ("my-toy", GOOD, "the name my-toy may have letters, digits and _ only"),
    ("toy", "x = 1", "it lacks ENGINE = {...} with the keys label, description, needs_torch"),
    ("toy", "ENGINE = {'label': 'Toy', 'colour': 1}", "it lacks ENGINE"),
    ("toy", "ENGINE = {'label': 3, 'description': 'A toy'}", "ENGINE['label'] must be text"),
    ("toy", "ENGINE = {'label': 'Toy'}", "ENGINE['description'] must be text"),
    ("toy", GOOD[:-2] + ", 'needs_torch': 'yes'}", "ENGINE['needs_torch'] must be True or False"),
    ("toy", "ENGINE = make()", "malformed"), ("toy", "def (", "invalid syntax"),
    ("toy", "ENGINE = {[]: 1}", "unhashable"), ("toy", "ENGINE = {'label': {set()}}", "unhashable"),
    ("toy", GOOD.replace("Toy", r"To\ny"), "ENGINE['label'] must be text of one line"),
    ("toy", GOOD.replace("A toy", r"A toy\ud800"), "ENGINE['description'] must be text of one line"),
    ("toy", GOOD + "#" * 1_000_000, "too large"),
])
def test_what_is_no_engine_is_said_with_its_reason(tmp_path, name, text, words):
    refused, good = found(tmp_path, **{name: text, "zoo": GOOD})
    assert str(tmp_path / f"{name}.py") in refused and words in refused and good.name == "zoo"


def test_no_engine_takes_the_name_of_the_automatic_choice(tmp_path):
    found(tmp_path / "engines", auto=GOOD, toy=GOOD)
    code = ("from mpsnet_blender.shared.engines.table import ENGINES, REFUSED_ENGINES\n"
            "print(ENGINES[-1].name, len(ENGINES), *REFUSED_ENGINES)")
    ended = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, cwd=EXTENSION_ROOT,
                           env=os.environ | {"MPSNET_HOME": str(tmp_path)}, check=True)
    assert ended.stdout.startswith("toy 7 ") and "the name auto is taken" in ended.stdout


def test_our_engines_keep_their_numbers_whatever_comes_from_outside(tmp_path):
    assert [number_of(engine) for engine in ENGINES[:6]] == [0, 1, 2, 3, 4, 5]
    alone, = found(tmp_path, toy=GOOD)
    beside = next(engine for engine in found(tmp_path, a_first=GOOD) if engine.name == "toy")
    assert number_of(alone) == number_of(beside) >= 1000


def test_the_shell_offers_an_engine_from_outside(tmp_path):
    found(tmp_path / "engines", toy=GOOD)
    environ = os.environ | {"MPSNET_HOME": str(tmp_path)}
    command = [sys.executable, "-B", EXTENSION_ROOT / "mocap.py", "capture", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    assert ",meva,toy}" in ended.stdout and "toy (a toy)" in " ".join(ended.stdout.split())
