"""Removes from a TFLite model what nobody reads: outputs, and the operators that compute nothing else.

A file is a FlatBuffer (flatbuffers.dev, "Internals"; fields are numbered as in LiteRT's schema.fbs): little-endian numbers; a
table's fields and a vector's elements are offsets from where they stand. What changes is written where it lies, as weights must
stay aligned. LiteRT's own reader of the schema cannot do that, and takes 30 ms to import.
"""

from __future__ import annotations

import io
import math
import mmap
import struct
from collections.abc import Collection

_SUBGRAPHS = 2                              # fields of a model,
_TENSORS, _OUTPUTS, _OPERATORS = 0, 2, 3    # of a subgraph,
_SHAPE = 0                                  # of a tensor,
_READ, _WRITTEN = 1, 2                      # and of an operator: the tensors' numbers


def keep_outputs(content: bytes | mmap.mmap, sizes: Collection[int]) -> bytes:
    """Return a model with those of its outputs that have one of these sizes (numbers of values), which stay what they were bit
    for bit: LiteRT computes whatever is in the file, read or not."""
    model = _FlatBuffer(content)
    graph = model.read_tables(model.follow(0), _SUBGRAPHS)[0]
    tensors = model.read_tables(graph, _TENSORS)
    outputs = [output for output in model.read_numbers(graph, _OUTPUTS)
               if math.prod(model.read_numbers(tensors[output], _SHAPE)) in sizes]
    needed, kept = set(outputs), []
    for operator in reversed(model.read_tables(graph, _OPERATORS)):
        if needed.intersection(model.read_numbers(operator, _WRITTEN)):
            needed.update(model.read_numbers(operator, _READ))
            kept.append(operator)
    with io.BytesIO(content) as changed:
        for place, vector in (model.shorten(graph, _OUTPUTS, outputs),
                              model.shorten(graph, _OPERATORS, kept[::-1], are_tables=True)):
            changed.seek(place)
            changed.write(vector)
        return changed.getvalue()


class _FlatBuffer:
    """The bytes of a file, and where its tables begin (a table is the position of its first byte)."""

    def __init__(self, content: bytes | mmap.mmap):
        self._content = content

    def follow(self, place: int) -> int:
        """Return the position to which the offset at a place leads."""
        return place + struct.unpack_from("<I", self._content, place)[0]

    def read_numbers(self, table: int, field: int) -> list[int]:
        """Return the numbers in a table's vector; none where the table lacks it."""
        start, count = self._find_vector(table, field)
        return list(struct.unpack_from(f"<{count}i", self._content, start))

    def read_tables(self, table: int, field: int) -> list[int]:
        """Return the tables in a table's vector."""
        start, count = self._find_vector(table, field)
        return [self.follow(start + 4 * number) for number in range(count)]

    def shorten(self, table: int, field: int, elements: list[int], are_tables: bool = False) -> tuple[int, bytes]:
        """Return a place and what to write there, so that a table's vector has these of its elements; the rest stays unused."""
        start, _ = self._find_vector(table, field)
        # Offsets are never negative: tables lie behind the vectors that name them.
        values = [element - (start + 4 * number) for number, element in enumerate(elements)] if are_tables else elements
        return start - 4, struct.pack(f"<I{len(values)}i", len(values), *values)

    def _find_vector(self, table: int, field: int) -> tuple[int, int]:
        """Return the position of a vector's first element, and how many there are."""
        fields = table - struct.unpack_from("<i", self._content, table)[0]
        size, = struct.unpack_from("<H", self._content, fields)
        offset = struct.unpack_from("<H", self._content, fields + 4 + 2 * field)[0] if 4 + 2 * field < size else 0
        if not offset:
            return 0, 0
        start = self.follow(table + offset)
        return start + 4, struct.unpack_from("<I", self._content, start)[0]
