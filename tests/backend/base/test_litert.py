"""Models run, and print nothing that is useless to the user at the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.base.litert import hide_info_lines
from backend.base.regions import Region
from backend.people.landmarks import FULL, LandmarkNetwork, crop_for_model

REPOSITORY = Path(__file__).parents[3]
_LOADS_A_MODEL = """
import sys
from pathlib import Path
import numpy as np
from backend.base.litert import Workers
from backend.people.landmarks import LandmarkModel
from backend.base.regions import Region
print("before", file=sys.stderr)
with Workers(2) as workers:
    model = LandmarkModel(Path(sys.argv[1]), workers)
    (found,) = model(np.zeros((64, 64, 3), np.uint8), [Region(32.0, 32.0, 60.0, 0.0)])
print(found.xy.shape, file=sys.stderr)
"""


def test_lines_of_level_info_are_dropped_and_all_others_pass(capfd):
    with hide_info_lines():
        os.write(2, b"INFO: a delegate was made\nERROR: the model is broken\nno end of line")
    os.write(2, b", afterwards\n")
    assert capfd.readouterr().err == "ERROR: the model is broken\nno end of line, afterwards\n"


def test_an_error_inside_leaves_stderr_as_it_was(capfd):
    with pytest.raises(ValueError), hide_info_lines():
        os.write(2, b"ERROR: said before\n")
        raise ValueError
    os.write(2, b"said after\n")
    assert capfd.readouterr().err == "ERROR: said before\nsaid after\n"


def test_a_model_loads_without_a_word(models_folder):
    done = subprocess.run([sys.executable, "-c", _LOADS_A_MODEL, str(models_folder)], cwd=REPOSITORY, capture_output=True,
                          text=True)
    assert done.stderr == "before\n(33, 2)\n" and done.returncode == 0


def test_a_reading_that_takes_all_threads_equals_that_of_one(models_folder, sample_frames):
    network, region = LandmarkNetwork(models_folder, FULL), Region(480.0, 360.0, 600.0, 0.1)
    crop = crop_for_model(sample_frames[0].image, region)
    alone, spread = network.read(crop, region), network.spread(3).read(crop, region)
    assert alone.presence == spread.presence
    for part in ("xy", "world", "score"):
        np.testing.assert_array_equal(getattr(alone.reading, part), getattr(spread.reading, part))
