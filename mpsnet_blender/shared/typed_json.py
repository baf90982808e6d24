"""Dataclasses from JSON and back: each field is a key, and its annotation gives the type of its value.

Annotations may name int (0 to 2**31 - 1), float, str, bool, dataclasses, tuples of them, and None. A key whose field has a
default may be absent or null; keys without a field are ignored. `field(metadata={"key": ...})` gives a key another name.
"""

from __future__ import annotations

import reprlib
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

_LARGEST_WHOLE = 2 ** 31 - 1    # the largest of Blender's whole numbers
_LARGEST = 1e15                 # above it, neighbouring float64 numbers differ by more than a tenth


def dataclass_from_json(kind: Any, value: Any, where: str = "") -> Any:
    """Return a dataclass of type `kind` from a parsed JSON object. Raises ValueError that names the key, after `where`."""
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'it'} must be an object, not {reprlib.repr(value)}")
    annotations, arguments = get_type_hints(kind), {}
    for item in fields(kind):
        key = _make_key(item)
        if value.get(key) is not None:
            arguments[item.name] = _convert(annotations[item.name], value[key], f"{where}.{key}".removeprefix("."))
        elif item.default is MISSING:
            raise ValueError(f"{where or 'it'} lacks {key}")
    return kind(**arguments)


def json_from_dataclass(value: Any) -> Any:
    """Return a dataclass, or a value in one, as an object for `json.dumps`."""
    if is_dataclass(value):
        return {_make_key(item): json_from_dataclass(getattr(value, item.name)) for item in fields(value)}
    return [json_from_dataclass(part) for part in value] if isinstance(value, tuple) else value


def _make_key(item: Field) -> str:
    return item.metadata.get("key", item.name)


def _convert(kind: Any, value: Any, where: str) -> Any:
    parts = get_args(kind)
    if type(None) in parts:
        return _convert(parts[0], value, where)
    if get_origin(kind) is tuple:
        return _convert_tuple(parts, value, where)
    if is_dataclass(kind):
        return dataclass_from_json(kind, value, where)
    is_valid, expected = _CHECKS[kind]
    if not is_valid(value):
        raise ValueError(f"{where} must be {expected}, not {reprlib.repr(value)}")
    return kind(value)


def _convert_tuple(parts: tuple[Any, ...], value: Any, where: str) -> tuple:
    if not isinstance(value, list):
        raise ValueError(f"{where} must be a list, not {reprlib.repr(value)}")
    kinds = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
    if len(kinds) != len(value):
        raise ValueError(f"{where} must have {len(kinds)} entries, not {len(value)}")
    return tuple(_convert(kind, part, f"{where}[{number}]") for number, (kind, part) in enumerate(zip(kinds, value)))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_WHOLE


def _is_number(value: Any) -> bool:
    # The comparison is false for NaN, and holds for whole numbers that are too large to become floating point.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_text(value: Any) -> bool:
    """Tell whether a value is a text that can be a file name: JSON allows characters that no system allows."""
    return isinstance(value, str) and "\0" not in value and value.encode("utf-8", "replace").decode("utf-8") == value


_CHECKS = {
    int: (_is_whole, f"a whole number from 0 to {_LARGEST_WHOLE}"),
    float: (_is_number, "a finite number of usual size"),
    str: (_is_text, "a text"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
}
