"""Writing of `.npz` files, one array after the other, so that large ones are not in memory together."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .large_arrays import let_go


def write_compressed(stream: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Write arrays as `numpy.savez_compressed` does. Raises OSError."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)
            let_go()
