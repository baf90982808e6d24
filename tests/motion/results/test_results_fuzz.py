"""Damaged results of other systems: each is read, or refused with one clear error. `MPSNET_FUZZ_CASES` takes more of each."""

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpsnet_blender.motion.results.read_result import find_result, make_motions
from mpsnet_blender.shared.motion_file import MotionFileError
from tests.motion.results.made_results import WRITERS

SHORT_RUN = 40
CASES = int(os.environ.get("MPSNET_FUZZ_CASES", SHORT_RUN))
HEAD = 2500     # bytes in which a file's structure lies: changes there say most
FILES = ("GVHMR", "WHAM", "PromptHMR", "the VIBE family", "4D-Humans (PHALP)", "ROMP or BEV", "CLIFF", "HybrIK", "HuMoR",
         "Meshcapade")

changes = st.lists(st.tuples(st.integers(0, HEAD), st.binary(min_size=0, max_size=4), st.integers(0, 4)), min_size=1, max_size=8)


@pytest.mark.parametrize("system", FILES)
def test_a_damaged_result_is_read_or_refused(tmp_path, system):
    original = WRITERS[system][0](tmp_path / "result") or tmp_path / "result"
    whole, path = original.read_bytes(), tmp_path / "damaged"

    # A short run takes the same cases each time: a run that is repeated says the same.
    @settings(max_examples=CASES, deadline=None, database=None, derandomize=CASES == SHORT_RUN,
              suppress_health_check=list(HealthCheck))
    @given(changes, st.integers(0, len(whole)))
    def run(edits, kept):
        damaged = bytearray(whole[:kept] if kept % 7 == 0 else whole)
        for place, new, removed in edits:
            damaged[place % max(len(damaged), 1):place % max(len(damaged), 1) + removed] = new
        path.write_bytes(bytes(damaged))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                result = find_result(path)
                motions = () if result is None else make_motions(result, path).motions
            except MotionFileError as error:
                assert 0 < len(str(error)) < 2000
                return
        assert all(np.isfinite(motion.poses).all() and np.isfinite(motion.trans).all() for motion in motions)

    run()
