"""Names given to copies for a while: an exporter writes the names of its objects, and a copy would be called "Hero.001"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bpy


@contextmanager
def lent_names(wanted: Iterable[tuple[bpy.types.bpy_prop_collection, str]]) -> Iterator[None]:
    """Free names in lists of the file, such as (bpy.data.objects, "Hero"): their data-blocks get other names, and their old
    names back at the end of the block."""
    lenders = []
    try:
        for number, (members, name) in enumerate(wanted):
            lender = members.get((name, None))  # None: of this file, not of a library
            if lender is not None:
                lenders.append((lender, name))
                lender.name = f"mpsnet lends {number}"
        yield
    finally:
        for lender, name in lenders:
            lender.name = name
