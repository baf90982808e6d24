"""Names that copies may use during an export: exporters write the objects' names, and a copy would be called "Hero.001"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bpy


@contextmanager
def free_names(wanted: Iterable[tuple[bpy.types.bpy_prop_collection, str]]) -> Iterator[None]:
    """Free names during the block, given as (bpy.data.objects, "Hero"): the data-blocks that have them get other names until the
    end of the block."""
    renamed = []
    try:
        for number, (members, name) in enumerate(wanted):
            datablock = members.get((name, None))  # None: of this file, not of a library
            if datablock is not None:
                renamed.append((datablock, name))
                datablock.name = f"mpsnet freed {number}"
        yield
    finally:
        for datablock, name in renamed:
            datablock.name = name
