"""The authors' preprocessed sets (`.pt`): dictionaries of arrays that joblib wrote."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mpsnet_blender.shared.containers.inert_pickles import DAMAGED_PICKLE, NUMPY_STAND_INS, UnsafePickleError, make_array
from mpsnet_blender.shared.containers.joblib_pickles import open_joblib_tree

from ..base.errors import DatasetError
from ..paper.model_sources import UnsafeModelError

_DOWNLOAD = "Download it from its authors again."


class JoblibDictionary:
    """The arrays of a file by key; each is made at its first use."""

    def __init__(self, contents: dict[str, object], name: str):
        self._contents, self._name = contents, name

    def __contains__(self, key: str) -> bool:
        return key in self._contents

    def array(self, key: str) -> np.ndarray:
        """Return one array, read-only. Raises DatasetError where it is missing, damaged, or of Python objects."""
        if key not in self._contents:
            there = ", ".join(sorted(map(str, self._contents))) or "nothing"
            raise DatasetError(f"{self._name} lacks {key}; it holds {there}.", "Choose one of the authors' preprocessed sets.")
        try:
            array = make_array(self._contents[key])
        except DAMAGED_PICKLE as error:
            raise DatasetError(f"{self._name}: {key} cannot be read ({error}).", _DOWNLOAD) from error
        if array.dtype.kind not in "fiubUS":
            raise DatasetError(f"{self._name}: {key} holds objects instead of numbers or text.", _DOWNLOAD)
        return array


@contextlib.contextmanager
def open_joblib(path: Path) -> Iterator[JoblibDictionary]:
    """Open a dictionary that joblib wrote, or pickle. Raises DatasetError; UnsafeModelError where it asks for code."""
    with contextlib.ExitStack() as stack:
        try:
            contents = stack.enter_context(open_joblib_tree(path, NUMPY_STAND_INS))
        except UnsafePickleError as error:
            raise UnsafeModelError(str(error), _DOWNLOAD) from None
        except DAMAGED_PICKLE as error:
            raise DatasetError(f"{path} is truncated, or no file of joblib's ({error}).", _DOWNLOAD) from error
        if not isinstance(contents, dict):
            raise DatasetError(f"{path} holds no dictionary of arrays.", "Choose one of the authors' preprocessed sets.")
        yield JoblibDictionary(contents, path.name)
