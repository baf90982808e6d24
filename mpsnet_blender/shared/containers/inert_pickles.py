"""Reading of pickled arrays without running anything that the pickles name.

Whatever a pickle asks for by name gets a stand-in of ours that only keeps what it is handed, so that no function of any
package is within a pickle's reach; a name that is not in the table refuses the file.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ..npz_reading import UNREADABLE

# The exceptions that damaged pickles raise.
DAMAGED_PICKLE = (*UNREADABLE, pickle.UnpicklingError, AttributeError, LookupError, RecursionError, ImportError)
_NUMBERS_AND_TEXT = "fiubSU"
_PIECE_BYTES = 1 << 20          # read at once


class UnsafePickleError(ValueError):
    """A file that could execute code: it was refused, and nothing of it was executed."""


class Inert:
    """A stand-in that keeps the arguments it is made with, if any, and the state it is given."""
    arguments: tuple[object, ...] = ()
    state: Any = None     # anything that the pickle holds: its readers check it

    def __init__(self, *arguments: object):
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


class InertDtype(Inert):
    """numpy.dtype("f8", ...), whose state's second entry is the byte order."""

    @property
    def dtype(self) -> np.dtype:
        """The type of numbers or text. Raises ValueError for any other, of Python objects above all."""
        code = str(self.arguments[0])
        if code[:1] not in _NUMBERS_AND_TEXT or not code[1:].isdigit():
            raise ValueError(f"an array of {code!r} instead of numbers")
        order: Any = self.state[1] if isinstance(self.state, tuple) else "="
        return np.dtype(code).newbyteorder(order)


class InertArray(Inert):
    """A stand-in that can be made an array."""

    def make_array(self, depth: int) -> np.ndarray:
        raise ValueError("it holds no array")


class _Array(InertArray):
    """numpy.ndarray: its state is (version, shape, dtype, is in Fortran order, bytes)."""

    def make_array(self, depth: int) -> np.ndarray:
        _, shape, dtype, is_fortran, content = self.state
        content = content.encode("latin1") if isinstance(content, str) else content
        return np.frombuffer(content, dtype.dtype).reshape(shape, order="F" if is_fortran else "C")


def make_array(value: object, depth: int = 0) -> np.ndarray:
    """Return the array of a stand-in, or of plain numbers, lists of them and arrays."""
    if depth > 8:
        raise ValueError("it is nested too deeply")
    return value.make_array(depth) if isinstance(value, InertArray) else np.asarray(value)


def _new_array(*arguments: object) -> _Array:
    return _Array(*arguments)


def _array_from_buffer(content: bytes, dtype: InertDtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.state = (1, shape, dtype, order == "F", bytes(content))
    return array


def _latin1_bytes(text: str, encoding: str) -> bytes:
    # Python 3 writes bytes into old pickles as a call of codecs.encode(text, "latin1").
    return text.encode("latin1")


def _reconstruct(stand_in: type[Inert], *ignored: object) -> Inert:
    # copyreg's way to make an object without calling its constructor.
    if not (isinstance(stand_in, type) and issubclass(stand_in, Inert)):
        raise TypeError("copyreg is asked for something else than an object")
    return stand_in()


NUMPY_STAND_INS: dict[str, Callable] = {
    "numpy.ndarray": _Array, "numpy.dtype": InertDtype,
    "_codecs.encode": _latin1_bytes,
    "copy_reg._reconstructor": _reconstruct, "copyreg._reconstructor": _reconstruct,
    "__builtin__.object": Inert, "builtins.object": Inert,
    **{f"numpy.{core}.multiarray._reconstruct": _new_array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": Inert for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _array_from_buffer for core in ("core", "_core")},
}


# Not pickle.Unpickler: the subclass for joblib's files needs the position in the file, which only this class gives.
class InertUnpickler(pickle._Unpickler):
    """Makes stand-ins for the names in a table, and refuses all others. typeshed does not declare what it inherits."""
    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)
    read: Callable[[int], bytes]
    append: Callable[[object], None]
    stack: list[object]

    def __init__(self, stream: BinaryIO, name: str, stand_ins: Mapping[str, Callable]):
        """name: the file's, for messages."""
        super().__init__(stream, encoding="latin1")
        self._name, self._stand_ins = name, stand_ins

    def load_bytearray8(self) -> None:
        # Python's takes as much memory as the pickle says before it looks for that many bytes.
        length, content = int.from_bytes(self.read(8), "little"), bytearray()
        while len(content) < length:
            piece = self.read(min(length - len(content), _PIECE_BYTES))
            if not piece:
                raise EOFError("a bytearray that ends too early")
            content += piece
        self.append(content)

    def load_build(self) -> None:
        # Python's sets what the pickle says on anything, on the table's functions and types too: for all files that follow.
        if not isinstance(self.stack[-2], Inert):
            raise pickle.UnpicklingError("a state for something that has none")
        super().load_build()  # type: ignore[misc]  # see above

    def find_class(self, module: str, name: str) -> Callable:
        try:
            return self._stand_ins[f"{module}.{name}"]
        except KeyError:
            raise UnsafePickleError(f"{self._name} is refused: it asks for {module}.{name}, which such a file does not need. "
                                    "Nothing of it was executed.") from None

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8
    dispatch[pickle.BUILD[0]] = load_build
